"""Everything that has to be looked up before a spec can be resolved: its data, its starting weights, the workers."""

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, exists, select

from services.datasets.data_sources import DataSources
from services.datasets.dataset_views import DatasetView
from services.db.engine import Database
from services.db.tables import Owner
from services.errors import Fault, InvalidRequest
from services.jobs import warm_start
from services.queue.speeds import seconds_per_epoch, speeds
from services.queue.workers import largest
from services.settings import Settings
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.resolve.resolved import Resolved
from services.specs.schema.job import JobSpec

KNOWN = select(exists().where(Owner.name == bindparam("owner")))
BY_NAME = {"builtin", "plugin"}  #: what a resolved spec goes on naming as it was named


@dataclass(frozen=True)
class Gathered:
    """What was looked up for one submit."""

    facts: Facts
    dataset: DatasetView | None  #: with `facts.info`
    start: warm_start.Source | None
    owner_is_known: bool


class SubmissionFacts:
    """Looks up what a spec is resolved against."""

    def __init__(self, database: Database, sources: DataSources, sizes: ModelSizes, settings: Settings) -> None:
        self.database = database
        self.sources = sources
        self.sizes = sizes
        self.settings = settings
        self.limits = Limits(settings.max_epochs, settings.max_parameters, settings.allowed_plugins)

    def gather(self, spec: JobSpec, owner: str) -> Gathered:
        """Return what is known for a spec; what is wrong with its data or its starting weights is in the facts.

        Raises: DatasetDamaged; StorageFull; NotReady.
        """
        faults: list[Fault] = []
        dataset, start = None, None
        try:
            dataset = self.sources.find(spec.data, owner)
        except InvalidRequest as error:
            faults += error.faults
        with self.database.reading() as session:
            owner_is_known = bool(session.connection().execute(KNOWN, {"owner": owner}).scalar())
            memory = largest(session, self.settings.online_s)
            if spec.init_from:
                try:
                    start = warm_start.find(session, owner, spec.init_from)
                except InvalidRequest as error:
                    faults += error.faults
        facts = Facts(
            info=dataset.info if dataset else None,
            limits=self.limits,
            models=self.sizes,
            dataset=dataset.id if dataset and dataset.source not in BY_NAME else None,
            suggested_target=dataset.suggested_target if dataset else None,
            memory=memory,
            start=start.weights if start else None,
            faults=faults,
        )
        return Gathered(facts, dataset, start, owner_is_known)

    def timed(self, resolved: Resolved, owner: str) -> Resolved:
        """Return what was resolved with the likely seconds of an epoch, by the owner's finished jobs."""
        spec, takes = resolved.spec, resolved.estimate
        with self.database.reading() as session:
            known = speeds(session, owner, spec.device, spec.model.type)
        seconds = seconds_per_epoch(takes["work_per_epoch"], spec.data.dataset, known)
        return replace(resolved, estimate=takes | {"seconds_per_epoch": seconds})
