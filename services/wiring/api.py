"""Joins what the API needs: the rooms, the doorbell, and predictions as soon as torch is there."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import structlog

from services.accounts.adoption import adopt
from services.accounts.audit import AuditLog
from services.accounts.key_ring import KeyRing
from services.accounts.sessions import Sessions
from services.columns import TableInfo
from services.models.aliases import AliasService
from services.models.registry import ModelService
from services.nudges import DEVICES, Bell, top_up
from services.settings import Settings
from services.specs.resolve.weight_match import Shapes
from services.specs.schema.data import PluginData
from services.specs.schema.job import JobSpec
from services.wiring.base import Base, base

if TYPE_CHECKING:
    from services.predictions.inference import InferenceService
    from services.predictions.judge import Judge
    from services.predictions.predictions import PredictionService

log = structlog.get_logger()


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
        self._loading = threading.Lock()
        self.keys = KeyRing(self.base.database, settings.change_interval_s, self._keys_changed)
        self.audit = AuditLog(self.base.database)
        self.sessions = Sessions(settings.storage, settings.session_s)

    def start_keys(self) -> None:
        """Look for keys from now on. Without an answer of the database nobody is let in, and it is tried again."""
        self._start("keys", self.keys.run)
        self._start("audit", self.audit.run)

    def _keys_changed(self) -> None:
        self.base.quotas.reload()
        if said := adopt(self.base.database):
            log.info(said)

    def _start(self, name: str, run: Callable[[threading.Event], None]) -> None:
        thread = threading.Thread(target=run, args=(self.closed,), daemon=True, name=name)
        thread.start()
        self.threads.append(thread)

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
                made = PredictionService(source, self.base.settings, self.base.quotas.predict_rows)
                self._start("change counters", made.freshness.run)
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
