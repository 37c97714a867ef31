"""Everything that has to be looked up before a spec can be resolved: its data, its starting weights, the queue."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.datasets.data_sources import DataSources
from services.datasets.dataset_views import DatasetView
from services.db.engine import Database
from services.disk import Disk
from services.errors import Fault, InvalidRequest
from services.jobs import warm_start
from services.queue.prospect import Newcomer, online_workers, prospect
from services.queue.speeds import seconds_per_work
from services.queue.wait_reason import QueuePlace, Waiting, owner_runs, place
from services.settings import Settings
from services.specs.resolve.facts import Facts, Limits, ModelSizes, device_of
from services.specs.schema.job import JobSpec

BY_NAME = {"builtin", "plugin"}  #: what a resolved spec goes on naming as it was named


@dataclass(frozen=True)
class Gathered:
    """What was looked up for one submit."""

    facts: Facts
    dataset: DatasetView | None  #: with `facts.info`
    start: warm_start.Source | None
    place: QueuePlace  #: where the job will wait


class SubmissionFacts:
    """Looks up what a spec is resolved against."""

    def __init__(
        self, database: Database, sources: DataSources, sizes: ModelSizes, settings: Settings, disk: Disk
    ) -> None:
        self.database = database
        self.sources = sources
        self.sizes = sizes
        self.settings = settings
        self.disk = disk
        self.limits = Limits(settings.max_epochs, settings.max_parameters, settings.allowed_plugins)

    def gather(self, spec: JobSpec, owner: str, running_jobs: int | None) -> Gathered:
        """Return what is known for a spec; what is wrong with its data or its starting weights is in the facts.

        Of the owner's jobs at most `running_jobs` run at once; None: any number.

        Raises: DatasetDamaged; StorageFull; NotReady.
        """
        faults: list[Fault] = []
        with self.database.reading() as session:
            dataset = self._dataset(session, spec, owner, faults)
            start = self._start(session, spec, owner, faults)
            workers = online_workers(session, self.settings.online_s)
            device = device_of(spec.device, "cuda" in workers.memory)
            expected = prospect(session, Newcomer(owner, device, spec.model.type, spec.priority))
            runs = owner_runs(session, owner, running_jobs)
        known_by_id = dataset.id if dataset and dataset.source not in BY_NAME else None
        facts = Facts(
            info=dataset.info if dataset else None,
            limits=self.limits,
            models=self.sizes,
            dataset=known_by_id,
            suggested_target=dataset.suggested_target if dataset else None,
            memory=workers.memory,
            processes=workers.processes,
            seconds_per_work=seconds_per_work(expected.speeds, known_by_id),
            start=start.weights if start else None,
            faults=faults,
        )
        waiting = Waiting(device, expected.position, owner_runs=runs)
        return Gathered(facts, dataset, start, place(waiting, workers.slots(device, expected), self.disk))

    def _dataset(self, session: Session, spec: JobSpec, owner: str, faults: list[Fault]) -> DatasetView | None:
        try:
            return self.sources.find(session, spec.data, owner)
        except InvalidRequest as error:
            faults += error.faults
            return None

    def _start(self, session: Session, spec: JobSpec, owner: str, faults: list[Fault]) -> warm_start.Source | None:
        try:
            return warm_start.find(session, owner, spec.init_from) if spec.init_from else None
        except InvalidRequest as error:
            faults += error.faults
            return None
