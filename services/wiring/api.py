"""Joins what the API needs: the rooms, the doorbell, and predictions as soon as torch is there."""

import threading
from collections import Counter
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import structlog

from services.accounts.adoption import adopt
from services.accounts.audit import AuditLog
from services.accounts.key_ring import KeyRing
from services.accounts.sessions import Sessions
from services.jobs.verification import JobVerification
from services.models.aliases import AliasService
from services.models.registry import ModelService
from services.monitoring.totals import Monitoring
from services.nudges import DEVICES, Bell, nudge, top_up
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.tls import broker_url
from services.training import on_demand
from services.wiring.base import Base, Intake, base
from services.wiring.tracing import request_spans

if TYPE_CHECKING:
    from services.exports.exports import ExportService
    from services.predictions.batch_submit import BatchSubmit
    from services.predictions.inference import InferenceService
    from services.predictions.judge import Judge
    from services.predictions.predictions import PredictionService

log = structlog.get_logger()

ANY = "any"  #: stands for every device


class Api:
    """The rooms and what only the API has."""

    def __init__(self, settings: Settings) -> None:
        self.bell = Bell(broker_url(settings))
        self.closed = threading.Event()
        self.threads: list[threading.Thread] = []  #: that end when this closes
        #: The device of each work that is queued, or ANY where such as waits may start now: the ringer hears of it.
        self.queued: SimpleQueue[str] = SimpleQueue()
        pool_size = settings.api_threads // 4
        sizes = ModelSizes(on_demand.measure, on_demand.shapes)
        intake = Intake(sizes, on_demand.look, self.queued.put)
        self.base: Base = base(settings, intake, pool_size=pool_size)
        self.predictions: PredictionService | None = None  #: what predicts, once torch is there
        self.models = ModelService(self.base.database, self.base.jobs.lookup, on_demand.weights_sha256)
        self.aliases = AliasService(self.base.database)
        self.monitoring = Monitoring(self.base.database, settings.online_s)
        self._exports: ExportService | None = None
        self.verification = JobVerification(
            self.base.database, self.base.jobs.lookup, self.base.jobs.retry, on_demand.weights_sha256
        )
        self._loading = threading.Lock()
        self.keys = KeyRing(self.base.database, settings.change_interval_s, self._keys_changed)
        self.shares = self.base.accounts.shares
        self.audit = AuditLog(self.base.database)
        self.sessions = Sessions(self.base.database, settings.storage, settings.session_s)
        self.request_spans = request_spans()

    def drain(self, worker: str, *, drained: bool) -> None:
        """Let a worker claim nothing more, or claim again; then it hears at once that jobs wait.

        Raises: NotFound.
        """
        self.base.queue.workers.drain(worker, drained=drained)
        if not drained:
            self.queued.put(ANY)

    def pause_queue(self, *, paused: bool) -> None:
        """Let nothing start that waits, or let it start again; then the workers hear at once."""
        if paused:
            self.base.queue.pauses.begin()
        else:
            self.base.queue.pauses.end()
            self.queued.put(ANY)

    def start_keys(self) -> None:
        """Look for keys from now on. Without an answer of the database nobody is let in, and it is tried again."""
        self._start("keys", self.keys.run)
        self._start("audit", self.audit.run)

    def _keys_changed(self) -> None:
        self.base.accounts.quotas.reload()
        self.shares.reload()
        self.sessions.reload()
        # Without keys everything is used as `local`'s: it would be gone from those who use it.
        if self.base.settings.auth == "keys" and (said := adopt(self.base.database)):
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

    def nudge(self, devices: Counter[str]) -> None:
        """Ring for as many works as were queued for each device.

        Raises: NotReady.
        """
        for device, times in devices.items():
            nudge(self.bell, device, times, self.base.settings.max_nudges)

    def load_predictions(self) -> "PredictionService":
        """Return the room that predicts. The first call imports torch, which takes a second or two."""
        with self._loading:
            if self.predictions is None:
                from services.predictions.predictions import PredictionService
                from services.predictions.source import Source

                source = Source(self.base.database, self.base.jobs.lookup, self.models)
                made = PredictionService(source, self.base.settings, self.base.accounts.quotas.predict_rows)
                self._start("change counters", made.freshness.run)
                self.predictions = made
            return self.predictions

    def example_row(self, owner: str, job_id: str) -> tuple[dict[str, Any], bool]:
        """Return a row of a job's data by column, and whether it validated the model; empty if there are no rows.

        Raises: NotFound; DatasetDamaged.
        """
        from services.predictions.example_row import place

        job = self.base.jobs.lookup.get(owner, job_id)
        dataset = self.base.datasets.find(owner, job.data.id)
        if dataset.source == "plugin" or not dataset.info.rows:
            return {}, False
        number = place(job.spec, dataset.info, self.base.files.datasets.open_table(dataset.sha256, dataset.info))
        rows = self.base.datasets.rows(owner, dataset.id, limit=1, after=number or 0)
        return dict(zip(dataset.info.names, rows[0], strict=True)), number is not None

    def inference(self) -> "InferenceService":
        """Return what speaks the Open Inference Protocol."""
        from services.predictions.inference import InferenceService

        return InferenceService(self.load_predictions())

    def judge(self) -> "Judge":
        """Return what compares two registered versions."""
        from services.predictions.judge import Judge

        return Judge(self.load_predictions(), self.base.jobs.lookup, self.base.datasets, self.base.files.datasets)

    def exports(self) -> "ExportService":
        """Return what gives models in other formats. The first call imports torch, if nobody has yet."""
        from services.exports.exports import ExportService

        with self._loading:
            if self._exports is None:
                self._exports = ExportService(self.base.jobs.lookup, self.base.datasets, self.base.files.exports)
            return self._exports

    def batch_submit(self) -> "BatchSubmit":
        """Return what takes batch predictions in."""
        from services.predictions.batch_submit import BatchSubmit

        base = self.base
        return BatchSubmit(self.load_predictions(), base.batches.predictions, base.datasets, base.disk)

    def close(self) -> None:
        """Let the ringer end, then close every connection."""
        self.closed.set()
        self.queued.put(ANY)
        if self._exports:
            self._exports.builder.close()
        for thread in self.threads:
            thread.join(timeout=5)
        if self.request_spans:
            self.request_spans.close()
        self.bell.close()
        self.base.database.close()
