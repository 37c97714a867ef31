"""What must be right before a batch prediction is queued: the model, the data set, and that the two go together."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.batches.batch_views import BatchView, NewBatch
from services.errors import Fault, InvalidRequest, NotFound, NotReady
from services.predictions.batch_run import piece_rows
from services.predictions.predictions import TRIES, PredictionService
from services.predictions.table_cells import POINTER, TableCells
from services.predictions.target import Target
from services.specs.schema.key_groups import exactly_one, rules

if TYPE_CHECKING:
    from services.batches.batch_predictions import BatchPredictionService
    from services.datasets.dataset_views import DatasetView
    from services.datasets.datasets import DatasetService
    from services.disk import Disk
    from services.jobs.submission import RequestKey


class NewBatchPrediction(BaseModel):
    """Predict every row of a data set with a job's stored weights, or with a registered model."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=rules(exactly_one(("job",), ("model",))))

    job: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    """Id or name of a job."""
    checkpoint: Annotated[str, Field(max_length=64)] = "best"
    """Of the job: best, last, epoch:N or an id."""
    model: Annotated[str, Field(min_length=1, max_length=130)] | None = None
    """A registered model: `name` for its newest version, `name@alias`."""
    version: Annotated[int, Field(ge=1)] | None = None
    """Of the model: one of its versions."""
    dataset: Annotated[str, Field(min_length=1, max_length=120)]
    """Id or name of a data set. Columns that the model does not know are left out."""
    format: Literal["csv", "parquet"] = "csv"
    """Of the output: `prediction` first, then what belongs to it."""

    @model_validator(mode="after")
    def _one_source(self) -> "NewBatchPrediction":
        if (self.job is None) == (self.model is None):
            raise ValueError("name either a job or a model")
        return self

    @property
    def target(self) -> Target:
        """What is asked to predict."""
        if self.model is None:
            return Target(job=self.job, checkpoint=self.checkpoint)
        name, _, alias = self.model.partition("@")
        return Target(model=name, alias=alias or None, version=self.version)


class BatchSubmit:
    """Takes batch predictions in."""

    def __init__(
        self,
        predictions: PredictionService,
        batches: "BatchPredictionService",
        datasets: "DatasetService",
        disk: "Disk",
    ) -> None:
        self.predictions = predictions
        self.batches = batches
        self.datasets = datasets
        self.disk = disk

    def submit(self, owner: str, wanted: NewBatchPrediction, key: "RequestKey | None" = None) -> BatchView:
        """Check and queue a batch prediction. With a key that was seen before, return that key's instead.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint; CheckpointCorrupt; InvalidRequest with every column that is
        missing or has values of no use; IdempotencyKeyReused when the key came with another body; StorageFull.
        """
        known = self.batches.replayed(owner, key) if key else None
        found = known or self._queued(owner, wanted, key)
        if found is None and key:
            found = self.batches.replayed(owner, key)  # of the one that came at the same time and was first
        if found is None:
            raise NotReady("Another request with this Idempotency-Key is being answered. Send it again.")
        return found

    def _queued(self, owner: str, wanted: NewBatchPrediction, key: "RequestKey | None") -> BatchView | None:
        self.disk.check()
        dataset = self._dataset(owner, wanted.dataset)
        for tried in range(TRIES):
            found, predictor = self.predictions.loaded(owner, wanted.target)
            cells = TableCells.of(dataset.info, predictor.preprocessing)
            new = NewBatch(
                owner=owner,
                job_id=found.job_id,
                checkpoint=found.checkpoint,
                model=found.model,
                weights_sha256=predictor.weights_sha256,
                dataset_id=dataset.id,
                dataset_sha256=dataset.sha256,
                format=wanted.format,
                total_rows=dataset.info.rows,
                piece_rows=piece_rows(predictor.preprocessing),
                warnings=cells.warnings,
            )
            try:
                return self.batches.add(new, key)
            except NotFound:  # a running job has replaced its checkpoint meanwhile
                if tried == TRIES - 1:
                    raise
                self.predictions.resolutions.forget(owner, wanted.target)
        raise AssertionError("the last try returns or raises")

    def _dataset(self, owner: str, named: str) -> "DatasetView":
        try:
            found = self.datasets.find(owner, named)
        except NotFound as error:
            near = error.members.get("suggestion")
            detail = f"is {named[:80]!r}; there is no data set of this name or id"
            raise InvalidRequest([Fault(POINTER, "unknown_dataset", detail, named[:80], near)]) from error
        if found.source not in {"upload", "builtin"}:
            detail = f"is the {found.source} data of a job; upload the rows as a data set of their own"
            raise InvalidRequest([Fault(POINTER, "invalid", detail, named[:80])])
        if not found.info.rows:
            raise InvalidRequest([Fault(POINTER, "empty", "has no rows", named[:80])])
        return found
