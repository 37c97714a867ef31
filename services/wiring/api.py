"""Joins what the API needs: the rooms, the doorbell, and predictions as soon as torch is there."""

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from services.columns import TableInfo
from services.jobs.verification import JobVerification
from services.models.aliases import AliasService
from services.models.registry import ModelService
from services.nudges import DEVICES, Bell, top_up
from services.settings import Settings
from services.specs.resolve.weight_match import Shapes
from services.specs.schema.data import PluginData
from services.specs.schema.job import JobSpec
from services.wiring.base import Base, base

if TYPE_CHECKING:
    from services.predictions.batch_submit import BatchSubmit
    from services.predictions.inference import InferenceService
    from services.predictions.judge import Judge
    from services.predictions.predictions import PredictionService


def _measure(spec: JobSpec, info: TableInfo) -> dict[str, Any]:
    # The first call imports torch, unless the thread that does so after the start was faster.
    from services.training.model_summary import summary

    return summary(spec, info)


def _look(spec: PluginData) -> tuple[TableInfo, str]:
    from services.training.input.plugin_data import look

    return look(spec)


def _shapes(spec: JobSpec, info: TableInfo) -> Shapes | None:
    from services.training.model_summary import shapes

    return shapes(spec, info)


def _digest(content: bytes) -> str:
    from services.training.predictor import Predictor

    return Predictor.from_bytes(content).weights_sha256


class Api:
    """The rooms and what only the API has."""

    def __init__(self, settings: Settings) -> None:
        self.bell = Bell(settings.redis_url)
        self.closed = threading.Event()
        self.threads: list[threading.Thread] = []  #: that end when this closes
        self.submitted = threading.Event()  #: set after each submit; the ringer waits for it
        pool_size = settings.api_threads // 4
        self.base: Base = base(settings, self.submitted.set, _measure, _shapes, _look, pool_size=pool_size)
        self._predictions: Future[PredictionService] = Future()
        self.models = ModelService(self.base.database, self.base.lookup, _digest)
        self.aliases = AliasService(self.base.database)
        self.verification = JobVerification(self.base.database, self.base.lookup, self.base.retry, _digest)
        self._loading = threading.Lock()

    def top_up(self) -> None:
        """Ring the workers of every device that lacks nudges.

        Raises: NotReady.
        """
        for device in DEVICES:
            top_up(self.bell, self.base.eligible, device)

    def load_predictions(self) -> "PredictionService":
        """Return the room that predicts. The first call imports torch, which takes a second or two."""
        with self._loading:
            if not self._predictions.done():
                from services.predictions.predictions import PredictionService
                from services.predictions.source import Source

                source = Source(self.base.database, self.base.lookup, self.models)
                made = PredictionService(source, self.base.settings)
                thread = threading.Thread(
                    target=made.freshness.run, args=(self.closed,), daemon=True, name="change counters"
                )
                thread.start()
                self.threads.append(thread)
                self._predictions.set_result(made)
        return self._predictions.result()

    def example_row(self, owner: str, job_id: str) -> tuple[dict[str, Any], bool]:
        """Return a row of a job's data by column, and whether it validated the model; empty if there are no rows.

        Raises: NotFound; DatasetDamaged.
        """
        from services.predictions.example_row import place

        job = self.base.lookup.get(owner, job_id)
        dataset = self.base.datasets.find(owner, job.dataset_id)
        if dataset.source == "plugin" or not dataset.info.rows:
            return {}, False
        number = place(job.spec, dataset.info, self.base.storage.open_table(dataset.sha256, dataset.info))
        rows = self.base.datasets.rows(owner, dataset.id, limit=1, after=number or 0)
        return dict(zip(dataset.info.names, rows[0], strict=True)), number is not None

    def inference(self) -> "InferenceService":
        """Return what speaks the Open Inference Protocol."""
        from services.predictions.inference import InferenceService

        return InferenceService(self.load_predictions())

    def judge(self) -> "Judge":
        """Return what compares two registered versions."""
        from services.predictions.judge import Judge

        return Judge(self.load_predictions(), self.base.lookup, self.base.datasets, self.base.storage)

    def batch_submit(self) -> "BatchSubmit":
        """Return what takes batch predictions in."""
        from services.predictions.batch_submit import BatchSubmit

        base = self.base
        return BatchSubmit(self.load_predictions(), base.batch_predictions, base.datasets, base.disk)

    @property
    def predictions(self) -> "PredictionService | None":
        """What predicts, if torch is there already."""
        return self._predictions.result() if self._predictions.done() else None

    def close(self) -> None:
        """Let the ringer end, then close every connection."""
        self.closed.set()
        self.submitted.set()
        for thread in self.threads:
            thread.join(timeout=5)
        self.bell.close()
        self.base.database.close()
