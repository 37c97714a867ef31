"""Signs of life of a worker, in SQL and in the heartbeat file, and the end of a worker that does nothing.

Runs in a thread of the worker's first process, from which nothing is forked without `exec`.
"""

import os
import signal
import threading
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path

import structlog

from services.db.engine import Database
from services.disk import Disk
from services.errors import NotReady, StorageFull
from services.nudges import Bell
from services.outage import Outage
from services.queue.workers import Sign, Workers
from services.settings import Settings
from services.tls import broker_url
from worker.idleness import Idleness
from worker.slots import CLAIMED, HEARD, Slots

log = structlog.get_logger()

SIGN_S = 5.0  #: pause between two signs of life
END_S = 2.0  #: how long the end waits for a sign of life that is being written
FAULTS = {
    "deaf": "nudges are waiting but none is received: exiting to be restarted",
    "stuck": "jobs are waiting and nudges are received but nothing is claimed: exiting to be restarted",
}


class Presence:
    """Says every few seconds that the worker is there."""

    def __init__(self, settings: Settings, slots: Slots, news: int, heartbeat: Path | None) -> None:
        self.settings = settings
        self.disk = Disk(settings)
        self.slots = slots
        self.news = news
        self.heartbeat = heartbeat
        self.fault: str | None = None  #: why the worker had to end itself
        self.versions = {name: version(name) for name in ("torch", "celery", "batchyard")}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._show, daemon=True, name="presence")
        os.set_blocking(news, False)

    def begin(self) -> None:
        """Begin, with the first sign as soon as there is a fork server."""
        self.thread.start()

    def end(self) -> None:
        """Take the worker out of those that are online; one that ended itself stays to be seen until it is outdated."""
        self.over.set()
        if not self.thread.ident:
            return
        self.thread.join(END_S)
        if self.fault or self.thread.is_alive():
            return
        with suppress(NotReady, StorageFull), closing(Database(self.settings, pool_size=1)) as database:
            Workers(database, self.settings).gone(self.slots.worker)

    def _show(self) -> None:
        while not self.slots.fork_server.exists():
            if self.over.wait(0.05):
                return
        bell = Bell(broker_url(self.settings))
        # Counted from here: until it has a fork server, a worker is not idle but starting.
        outage = Outage("writing the sign of life")
        idleness = Idleness(self.settings.deaf_s, self.settings.stuck_s)
        with closing(Database(self.settings, pool_size=1)) as database:
            workers = Workers(database, self.settings)
            while not self.over.is_set():
                try:
                    self._sign(workers)
                    self.fault = self.fault or self._fault(workers, bell, idleness)
                    outage.ended()
                except (NotReady, StorageFull) as error:
                    outage.began(error.detail)
                if self.heartbeat:
                    self.heartbeat.touch()
                self.over.wait(SIGN_S)

    def _sign(self, workers: Workers) -> None:
        slots = self.slots
        memory = slots.memory_bytes or None
        fault, processes = self.fault, slots.processes
        workers.seen(Sign(slots.worker, slots.device, slots.count, self.versions, memory, fault, processes))

    def _fault(self, workers: Workers, bell: Bell, idleness: Idleness) -> str | None:
        news = self._news()
        try:
            nudges = bell.depth(self.slots.device)
        except NotReady:
            nudges = 0  # it hears nothing because there is nothing to hear
        # While the disk is full or the worker is drained nothing is claimed, and that is right.
        rests = self.disk.is_full or workers.is_drained(self.slots.worker)
        busy = rests or workers.busy(self.slots.worker) >= self.slots.count
        idleness.note(heard=HEARD in news, claimed=CLAIMED in news, busy=busy, nudges=nudges)
        fault = idleness.fault(lambda seconds: workers.waited(self.slots.device, seconds))
        if fault:
            log.error(FAULTS[fault])
            self.fault = fault
            self._sign(workers)
            os.kill(os.getpid(), signal.SIGTERM)
        return fault

    def _news(self) -> bytes:
        found = b""
        with suppress(BlockingIOError):
            while piece := os.read(self.news, 65_536):
                found += piece
        return found
