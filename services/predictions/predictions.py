"""Answers for rows, from the stored weights of a job."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.errors import NotFound, TooLarge
from services.predictions.cache import Cache
from services.predictions.decoder import cells_of
from services.predictions.encoder import labels_of, values_of
from services.settings import Settings
from services.specs.schema.predict import Predict
from services.training.predictor import Predictor

if TYPE_CHECKING:
    from services.attempts.checkpoints import CheckpointView
    from services.jobs.job_views import JobView
    from services.jobs.lookup import JobLookup

TRIES = 3  #: a running job may replace a checkpoint between our looking and our reading


@dataclass(frozen=True)
class Prediction:
    """The answers, and the checkpoint that gave them."""

    job: "JobView"
    checkpoint: "CheckpointView"
    selector: str
    task: str
    classes: list[Any] | None
    predictions: list[Any]
    probabilities: list[list[float]] | None
    warnings: list[dict[str, Any]]


class PredictionService:
    """Load, decode, predict, encode."""

    def __init__(self, jobs: "JobLookup", settings: Settings) -> None:
        self.jobs = jobs
        self.settings = settings
        self.cache = Cache(settings.model_cache_bytes)

    def predict(self, owner: str, job: str, rows: Predict, *, checkpoint: str = "best") -> Prediction:
        """Return what a job's model answers; while the job trains, its best so far.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint; TooLarge; InvalidRequest naming each value of no use;
        CheckpointCorrupt rather than numbers from damaged weights.
        """
        count = len(rows.x if rows.x is not None else rows.records or [])
        if count > self.settings.max_predict_rows:
            most = self.settings.max_predict_rows
            raise TooLarge(f"{count} rows are more than {most}: send them in parts.", limit_rows=most)
        view = self.jobs.usable(owner, job)
        chosen, predictor = self._loaded(owner, view.id, checkpoint)
        preprocessing = predictor.preprocessing
        cells, warnings = cells_of(rows, preprocessing)
        probabilities = None
        if preprocessing.task == "multilabel":
            found = predictor.probabilities(cells)
            predictions, probabilities = (found > 0.5).tolist(), found.tolist()
        elif preprocessing.classes is None:
            predictions = values_of(predictor.values(cells))
        else:
            found = predictor.probabilities(cells)
            predictions, probabilities = labels_of(found, preprocessing), found.tolist()
        return Prediction(
            view, chosen, checkpoint, preprocessing.task, preprocessing.classes, predictions, probabilities, warnings
        )

    def _loaded(self, owner: str, job_id: str, selector: str) -> "tuple[CheckpointView, Predictor]":
        for _ in range(TRIES - 1):
            chosen = self.jobs.checkpoint(owner, job_id, selector)
            try:
                return chosen, self._predictor(chosen)
            except NotFound:
                continue  # replaced by a better one meanwhile
        chosen = self.jobs.checkpoint(owner, job_id, selector)
        return chosen, self._predictor(chosen)

    def _predictor(self, chosen: "CheckpointView") -> Predictor:
        return self.cache.get(chosen.id, lambda: Predictor.from_bytes(self.jobs.content(chosen)))
