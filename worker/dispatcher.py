"""Keeps as many nudges as there are eligible jobs, and puts back the jobs whose worker stopped responding."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from services.accounts.audit import AuditLog
from services.attempts import checkpoints
from services.db.schema import check_schema
from services.errors import NotReady, StorageFull
from services.nudges import DEVICES, Bell, top_up
from services.settings import Settings
from services.tls import broker_url
from services.webhooks.delivery import Delivery
from services.wiring.base import Base, base
from worker import trace_sender
from worker.notifier import Notifier

log = structlog.get_logger()

SWEEP_S = 600.0  #: pause between two rounds of tidying up
PRUNE_S = 60.0  #: pause between two rounds of pruning, each a few jobs


def run(settings: Settings, heartbeat: Path | None) -> None:
    """Be the dispatcher until SIGTERM. Several of them are harmless.

    Raises: SchemaMismatch; NotReady, when the database does not answer at the start.
    """
    joined = base(settings, pool_size=1)
    check_schema(joined.database)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=Notifier(settings).until, args=(stop,), daemon=True, name="teller").start()
    trace_sender.start(settings, stop)
    Dispatcher(joined, Bell(broker_url(settings)), heartbeat).until(stop)


class Dispatcher:
    """Rounds of five duties, each at its own pace. A part that is away is said once, and tried again."""

    def __init__(self, joined: Base, bell: Bell, heartbeat: Path | None) -> None:
        self.base = joined
        self.bell = bell
        self.heartbeat = heartbeat
        self.away: dict[str, str] = {}

    def until(self, stop: threading.Event) -> None:
        """Do the duties when they are due until `stop` is set."""
        settings = self.base.settings
        duties: list[tuple[Callable[[], None], float]] = [
            (self.dispatch, settings.dispatch_interval_s),
            (self.reap, settings.reap_interval_s),
            (self.sweep, SWEEP_S),
            (self.prune, PRUNE_S),
            (self.base.queue.time_slices.give_credit, PRUNE_S),
        ]
        due = [time.monotonic()] * len(duties)
        while not stop.is_set():
            for n, (duty, interval_s) in enumerate(duties):
                if time.monotonic() >= due[n]:
                    due[n] = time.monotonic() + interval_s
                    self._try(duty)
            if self.heartbeat:
                self.heartbeat.touch()
            stop.wait(max(0.0, min(due) - time.monotonic()))

    def dispatch(self) -> None:
        """Top up the nudges of each device."""
        for device in DEVICES:
            top_up(self.bell, self.base.eligible, device)

    def reap(self) -> None:
        """Put jobs and batch predictions back whose worker stopped responding."""
        for work_id in self.base.attempts.reaper.look() + self.base.batches.reaper.look():
            log.warning("put back work whose worker stopped responding", id=work_id)

    def sweep(self) -> None:
        """Forget old Idempotency-Keys and deliveries, checkpoints given up, and files that nobody needs."""
        self.base.jobs.service.keys.forget()
        self.base.datasets.sweep()
        self.base.batches.predictions.sweep()
        checkpoints.sweep(self.base.database)
        if large := self.base.jobs.lookup.large:
            large.sweep(self.base.database)
        Delivery(self.base.database, ()).forget()
        AuditLog(self.base.database).forget(self.base.settings.keep_audit_days)
        self.base.files.exports.sweep()

    def prune(self) -> None:
        """Delete finished jobs, their events and batch predictions beyond what the operator keeps."""
        if count := self.base.jobs.pruning.prune():
            log.info("pruned finished jobs", count=count)
        if count := self.base.batches.predictions.prune():
            log.info("pruned batch predictions", count=count)

    def _try(self, duty: Callable[[], None]) -> None:
        name = duty.__name__
        try:
            duty()
        except (NotReady, StorageFull) as error:
            if self.away.get(name) != error.detail:
                log.warning("duty interrupted", duty=name, error=error.detail)
            self.away[name] = error.detail
        else:
            if self.away.pop(name, None):
                log.info("duty resumed", duty=name)
