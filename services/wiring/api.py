"""Joins what the API needs: the rooms, the doorbell, and predictions as soon as torch is there."""

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from services.columns import TableInfo
from services.nudges import DEVICES, Bell, top_up
from services.settings import Settings
from services.specs.resolve.weight_match import Shapes
from services.specs.schema.data import PluginData
from services.specs.schema.job import JobSpec
from services.wiring.base import Base, base

if TYPE_CHECKING:
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

                self._predictions.set_result(PredictionService(self.base.reading, self.base.settings))
        return self._predictions.result()

    def close(self) -> None:
        """Let the ringer end, then close every connection."""
        self.closed.set()
        self.submitted.set()
        for thread in self.threads:
            thread.join(timeout=5)
        self.bell.close()
        self.base.database.close()
