"""One slot of a worker: claims work, watches its trainer, writes the ends that a trainer can't. Never has torch."""

import json
import math
import os
import selectors
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO

import structlog

from services import cgroup
from services.attempts.work import StopRequests
from services.errors import NotReady, StorageFull
from services.faultpoint import faultpoint
from services.outage import Outage
from services.queue.claims import Claim
from services.settings import Settings
from worker import channel
from worker.exit_handling import settle
from worker.outcome import Ended, Outcome
from worker.slots import CLAIMED, Slots
from worker.stop_request import StopRequest
from worker.usage_meter import UsageMeter
from worker.work_kind import WorkKind

log = structlog.get_logger()

KEEP_S = 15.0  #: pause between two times that the usage is stored


class Supervisor:
    """A pool child's work. `drain` becomes readable, and stays so, when the worker is to end."""

    def __init__(self, kinds: Sequence[WorkKind], settings: Settings, slots: Slots, drain: int) -> None:
        self.kinds = list(kinds)  #: the one to be asked first, first
        self.settings = settings
        self.slots = slots
        self.drain = drain
        self.outage = Outage("claiming jobs")

    def work_until_nothing_is_left(self) -> None:
        """Claim and supervise until nothing is eligible, the worker drains, or a part that this needs is away."""
        while not self.is_draining():
            # Connected before the claim: without a fork server no job is taken.
            supervised = self._connected()
            if supervised is None:
                return
            with supervised:
                try:
                    taken = self._taken()
                except (NotReady, StorageFull) as error:
                    self.outage.began(error.detail)
                    return
                self.outage.ended()
                if taken is None:
                    return
                kind, claim = taken
                self.slots.tell(CLAIMED)
                faultpoint("supervisor.claimed")
                log.info("claimed", job=claim.job_id, attempt=claim.attempt)
                Watch(self, kind, claim, supervised).until_it_ends()

    def _taken(self) -> tuple[WorkKind, Claim] | None:
        """Claim work, of another kind than the last if there is some: neither kind waits for all of the other."""
        for kind in list(self.kinds):
            claim = kind.claim(self.slots.device, self.slots.worker)
            if claim is not None:
                self.kinds.remove(kind)
                self.kinds.append(kind)
                return kind, claim
        return None

    def _connected(self) -> socket.socket | None:
        # However long the fork server takes to import torch: a nudge given up here would not come again at once.
        while (found := channel.connect(self.slots.fork_server)) is None and not self.is_draining():
            time.sleep(0.05)
        return found

    def is_draining(self) -> bool:
        """Return whether the worker is to end."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.drain, selectors.EVENT_READ)
            return bool(selector.select(timeout=0))


class Watch:
    """The watch over one claim: beats, stop requests, limits, and the trainer's end."""

    def __init__(self, supervisor: Supervisor, kind: WorkKind, claim: Claim, supervised: socket.socket) -> None:
        self.kind = kind
        self.lifecycle = kind.lifecycle
        self.settings = supervisor.settings
        self.drain = supervisor.drain
        self.is_draining = supervisor.is_draining
        self.claim = claim
        self.line = supervised
        self.progress: dict[str, Any] | None = None
        self.request: StopRequest | None = None  #: what was asked of the trainer
        self.verdict: str | None = None  #: why we ended it ourselves: fenced, stalled or time_limit
        self.ended: Ended | None = None
        self.lost = False  #: the fork server is gone
        self.device = supervisor.slots.device
        self.usage: UsageMeter | None = None  #: from when the trainer's number is known
        self.began = self.heard = time.monotonic()
        self.kill_at = float("inf")
        self.beat_at = self.began + self.settings.beat_interval_s
        self.look_at = self.began + self.settings.stop_poll_interval_s
        self.keep_at = self.began + KEEP_S

    @property
    def turn_s(self) -> float:
        """How long ago the job was claimed."""
        return time.monotonic() - self.began

    def until_it_ends(self) -> None:
        """Start the trainer, watch it, and write how it ended."""
        oom_before = cgroup.oom_kills()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with tempfile.TemporaryFile() as output, ours:
            with theirs:
                start = {str(self.kind.kind): self.claim.job_id, "attempt": self.claim.attempt}
                self.lost = not channel.send(self.line, start, (output.fileno(), theirs.fileno()))
            ours.setblocking(False)
            with selectors.DefaultSelector() as selector:
                selector.register(self.line, selectors.EVENT_READ, self._hear_fork_server)
                selector.register(ours, selectors.EVENT_READ, lambda: self._hear_progress(ours))
                selector.register(self.drain, selectors.EVENT_READ, lambda: self._hear_drain(selector))
                while self.ended is None and not self.lost:
                    due = min(self.beat_at, self.look_at, self.kill_at, self.usage.due_at if self.usage else math.inf)
                    for key, _ in selector.select(timeout=max(0.0, due - time.monotonic())):
                        key.data()
                    self._keep_time()
            self._keep_usage()
            tail = _tail(output)
        ended = self.ended or Ended()
        attempt = self.claim.attempt
        log.info(
            "trainer ended",
            job=self.claim.job_id,
            attempt=attempt,
            code=ended.code,
            signal=ended.signal,
            verdict=self.verdict,
        )
        memory = cgroup.oom_kills() > oom_before
        claim = replace(self.claim, trained_s=self.claim.trained_s + self.turn_s)
        faultpoint("supervisor.settling")
        in_step = (self.progress or {}).get("phase") == "training"
        outcome = Outcome(ended, self.verdict, self.request, memory, self.lost, in_step, tail)
        settle(self.lifecycle, claim, outcome, self.is_draining)

    def _hear_fork_server(self) -> None:
        message = channel.receive(self.line)
        if message is None:
            self.lost = True
        elif "pid" in message[0]:
            self.usage = UsageMeter(message[0]["pid"], self.device)
        else:
            self.ended = Ended(message[0]["code"], message[0]["signal"])

    def _hear_progress(self, connection: socket.socket) -> None:
        try:
            while True:
                self.progress = json.loads(connection.recv(65_536))
                self.heard = time.monotonic()
                if self.request and self.progress and self.progress["phase"] == "saving":
                    # It has answered. What it stores of a large model may take as long as other stores.
                    self.kill_at = self.heard + self.settings.grace_s
        except BlockingIOError:
            return

    def _hear_drain(self, selector: selectors.BaseSelector) -> None:
        selector.unregister(self.drain)  # it stays readable, and one look is enough
        self._ask(StopRequest.DRAIN)

    def _keep_time(self) -> None:
        time_now = time.monotonic()
        if time_now >= self.kill_at:
            self.kill_at = float("inf")
            channel.send(self.line, {"signal": int(signal.SIGKILL)})
        elif time_now - self.heard > self.settings.stall_s and self.verdict is None:
            self._end_it("stalled", kill=True)
        elif time_now - self.began > self.settings.job_time_limit_s and self.verdict is None:
            self._end_it("time_limit", kill=False)
        if self.usage:
            self.usage.look()
        if time_now >= self.keep_at:
            self.keep_at = time_now + KEEP_S
            self._keep_usage()
        if time_now >= self.beat_at:
            self.beat_at = time_now + self.settings.beat_interval_s
            self._obey(lambda: self.lifecycle.beat(self.claim, self.progress))
        elif time_now >= self.look_at:
            self._obey(lambda: self.lifecycle.stop_requests(self.claim))
        if time_now >= self.look_at:
            self.look_at = time_now + self.settings.stop_poll_interval_s

    def _keep_usage(self) -> None:
        """Store what the trainer took since the last time; it is not worth a second try."""
        if self.usage and (samples := self.usage.take()):
            with suppress(NotReady, StorageFull):
                self.kind.keep_usage(self.claim, samples)
        if self.usage and (self.ended or self.lost):
            self.usage.end()

    def _obey(self, ask: Callable[[], StopRequests | None]) -> None:
        try:
            requests = ask()
            is_over = self.request is None and self.kind.is_turn_over(self.claim, self.turn_s)
        except (NotReady, StorageFull):
            return  # the training goes on, the recorder waits; the reaper counts no read that fails
        if requests is None and self.verdict is None:
            # Fenced, or the trainer has just written the final row: then it ends by itself within the grace.
            self._end_it("fenced", kill=False)
        elif requests and (requests.cancel or requests.pause):
            self._ask(StopRequest.CANCEL if requests.cancel else StopRequest.PAUSE)
        elif is_over:
            self._ask(StopRequest.YIELD)

    def _ask(self, request: StopRequest) -> None:
        """Ask the trainer to stop at its next batch, or to yield after its epoch; a cancel overrides what was asked."""
        if self.request in {request, StopRequest.CANCEL} or self.verdict:
            return
        self.request = request
        channel.send(self.line, {"signal": int(request.signal)})
        if request is StopRequest.YIELD:
            return  # it is asked for after the epoch, which may take long
        grace_s = self.settings.cancel_grace_s if request is StopRequest.CANCEL else self.settings.grace_s
        self.kill_at = min(self.kill_at, time.monotonic() + grace_s)

    def _end_it(self, verdict: str, *, kill: bool) -> None:
        self.verdict = verdict
        number = signal.SIGKILL if kill else signal.SIGTERM
        channel.send(self.line, {"signal": int(number)})
        self.kill_at = time.monotonic() + self.settings.grace_s


def _tail(output: BinaryIO, most: int = 65_536) -> list[str]:
    """Return the last lines that a trainer wrote, control characters escaped."""
    size = os.fstat(output.fileno()).st_size
    output.seek(max(0, size - most))
    lines = output.read().decode(errors="replace").splitlines()
    return [line.encode("unicode_escape").decode() for line in lines[-100:]]
