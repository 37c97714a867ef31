"""Hands out exports: those that are there, and others as soon as they are built."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from services.datasets.dataset_views import damaged
from services.datasets.storage import TABLE
from services.errors import NotFound
from services.export_errors import ExportUnsupported
from services.exports.builder import Builder
from services.exports.building import RESULT, build
from services.exports.card import card
from services.exports.files import Ready
from services.exports.formats import KINDS, Format
from services.exports.shared_exports import AnyExports
from services.exports.subject import Subject, rows_of
from services.exports.support import supported
from services.training_errors import DataChanged, DataUnreadable

if TYPE_CHECKING:
    from services.attempts.checkpoints import CheckpointView
    from services.datasets.dataset_views import DatasetView
    from services.datasets.datasets import DatasetService
    from services.jobs.job_views import JobView
    from services.jobs.lookup import JobLookup


@dataclass(frozen=True)
class Meant:
    """What an export is asked of."""

    owner: str
    job: "JobView"
    checkpoint: "CheckpointView"
    dataset: "DatasetView"


class ExportService:
    """Finds or builds the export of a checkpoint. Quick ones are made at once, others by the builder."""

    def __init__(self, jobs: "JobLookup", datasets: "DatasetService", files: AnyExports) -> None:
        self.jobs = jobs
        self.datasets = datasets
        self.files = files
        self.builder = Builder(files)

    def export(self, owner: str, job: str, kind: Format, selector: str) -> tuple[str, Ready | None]:
        """Return how the file of an export is called, and the export if it is there; else it is built now.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint; ExportUnsupported; ExportDiffers; ExportFailed;
        CheckpointCorrupt; DatasetDamaged; Overloaded.
        """
        meant = self._meant(owner, job, selector)
        view, chosen = meant.job, meant.checkpoint
        reasons = supported(view.spec, meant.dataset.info)
        if reason := reasons[kind]:
            raise ExportUnsupported(reason, allowed=[str(one) for one, why in reasons.items() if not why])
        suffix = KINDS[kind].suffix
        # What a bundle tells of a job that goes on is no longer all when it has ended.
        key = view.id, f"{chosen.id}{'' if view.done else '-so-far'}{suffix}"
        ready = self.files.find(*key)
        if ready is None and KINDS[kind].is_quick:
            with self.files.draft() as draft:
                report = build(self._subject(meant), kind, draft)
                ready = self.files.keep(draft / RESULT, *key, **report)
        elif ready is None:
            self.builder.begin(key, kind, lambda: self._subject(meant), lambda: self._is_there(meant))
        return f"{view.name}-e{chosen.epoch}{suffix}", ready

    def card(self, owner: str, job: str, selector: str) -> str:
        """Return the model card of a checkpoint, in Markdown.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint; CheckpointCorrupt.
        """
        subject = self._subject(self._meant(owner, job, selector))
        return card(subject, subject.predictor())

    def _meant(self, owner: str, job: str, selector: str) -> Meant:
        view = self.jobs.usable(owner, job)
        chosen = self.jobs.checkpoint(owner, view.id, selector)
        return Meant(owner, view, chosen, self.datasets.find(owner, view.data.id))

    def _is_there(self, meant: Meant) -> bool:
        try:
            self.jobs.get(meant.owner, meant.job.id)
        except NotFound:
            return False
        return True

    def _table(self, dataset: "DatasetView") -> str | None:
        """Return the file of a data set's rows, looked at whether it is whole; a plug-in's items have none.

        Raises: DatasetDamaged.
        """
        if dataset.source == "plugin":
            return None
        storage = self.datasets.storage
        try:
            storage.open_table(dataset.sha256, dataset.info)
        except (DataUnreadable, DataChanged) as error:
            raise damaged(dataset, error.detail) from error
        return str(storage.path(dataset.sha256) / TABLE)

    def _subject(self, meant: Meant) -> Subject:
        """Gather all that an export may say of a model."""
        view, chosen, dataset = meant.job, meant.checkpoint, meant.dataset
        epochs = self.jobs.epochs(meant.owner, view.id, until=None if view.done else chosen.epoch)
        metrics = {name: value for name, value in chosen.metrics.items() if value is not None}
        return Subject(
            job=view.id,
            name=view.name,
            done=view.done,
            spec=view.spec,
            checkpoint={"id": chosen.id, "epoch": chosen.epoch, "step": chosen.step, "metrics": metrics},
            rows=rows_of(
                dataset.info,
                dataset=dataset.name,
                sha256=dataset.sha256,
                format=dataset.format,
                dialect=dataset.dialect,
                table=self._table(dataset),
            ),
            epochs=[asdict(epoch) for epoch in epochs],
            environment=view.run.environment or {},
            adjustments=view.run.adjustments,
            stop_reason=view.outcome.stop_reason,
            trained_at=f"{view.times.finished_at or view.times.created_at:%Y-%m-%d}",
            test=view.outcome.test,
            baseline=view.outcome.baseline,
            content=self.jobs.content(chosen),
        )
