"""Joins what the API needs: the rooms, the doorbell, and predictions as soon as torch is there."""

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from services.models.aliases import AliasService
from services.models.service import ModelService
from services.queue import DEVICES, Bell, top_up
from services.settings import Settings
from services.specs.columns import TableInfo
from services.specs.data import PluginData
from services.specs.job import JobSpec
from services.specs.warm_start import Shapes
from services.wiring.base import Base, base

if TYPE_CHECKING:
    from services.predictions.inference import InferenceService
    from services.predictions.judge import Judge
    from services.predictions.service import PredictionService


def _measure(spec: JobSpec, info: TableInfo) -> dict[str, Any]:
    # The first call imports torch, unless the thread that does so after the start was faster.
    from services.training.summary import summary

    return summary(spec, info)


def _look(spec: PluginData) -> tuple[TableInfo, str]:
    from services.training.plugin_data import look

    return look(spec)


def _shapes(spec: JobSpec, info: TableInfo) -> Shapes | None:
    from services.training.summary import shapes

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
        self.models = ModelService(self.base.database, self.base.reading, _digest)
        self.aliases = AliasService(self.base.database)
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
                from services.predictions.service import PredictionService
                from services.predictions.source import Source

                source = Source(self.base.database, self.base.reading, self.models)
                made = PredictionService(source, self.base.settings)
                thread = threading.Thread(
                    target=made.freshness.run, args=(self.closed,), daemon=True, name="change counters"
                )
                thread.start()
                self.threads.append(thread)
                self._predictions.set_result(made)
        return self._predictions.result()

    def inference(self) -> "InferenceService":
        """Return what speaks the Open Inference Protocol."""
        from services.predictions.inference import InferenceService

        return InferenceService(self.load_predictions())

    def judge(self) -> "Judge":
        """Return what compares two registered versions."""
        from services.predictions.judge import Judge

        return Judge(self.load_predictions(), self.base.reading, self.base.datasets, self.base.storage)

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
