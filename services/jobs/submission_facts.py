"""Everything that has to be looked up before a spec can be resolved: its data, its starting weights, the workers."""

from dataclasses import dataclass

from sqlalchemy import bindparam, exists, select

from services.datasets.data_sources import DataSources
from services.datasets.dataset_views import DatasetView
from services.db.engine import Database
from services.db.tables import Owner
from services.errors import Fault, InvalidRequest
from services.jobs import warm_start
from services.queue.workers import online_count
from services.settings import Settings
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.schema.job import JobSpec

KNOWN = select(exists().where(Owner.name == bindparam("owner")), online_count("cuda").scalar_subquery())
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
            values = {"owner": owner, "seen_s": -self.settings.online_s}
            owner_is_known, cuda_workers = session.connection().execute(KNOWN, values).one()
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
            cuda_online=cuda_workers > 0,
            start=start.weights if start else None,
            faults=faults,
        )
        return Gathered(facts, dataset, start, owner_is_known)
