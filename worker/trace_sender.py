"""Sends the spans of jobs, beside the dispatcher's duties: a slow collector holds up none of them."""

import threading
from collections.abc import Callable

import structlog

from services.db.engine import Database
from services.errors import NotReady, StorageFull
from services.outage import Outage
from services.settings import Settings
from services.tracing.unsent import Part, UnsentSpans
from services.wiring.tracing import job_spans

log = structlog.get_logger()

INTERVAL_S = 1.0  #: pause between two looks at the event log
PAUSE_S = 10.0  #: the same after a fault


def start(settings: Settings, stop: threading.Event) -> None:
    """Send spans in a thread until `stop` is set; without a collector do nothing."""
    if spans := job_spans():
        # A connection of its own, so that it takes none from the dispatcher.
        sender = TraceSender(UnsentSpans(Database(settings, pool_size=1)), spans.send)
        threading.Thread(target=sender.until, args=(stop,), daemon=True, name="traces").start()


class TraceSender:
    """Looks for spans, and sends them; what a collector did not take is sent again."""

    def __init__(self, unsent: UnsentSpans, send: Callable[[Part], bool]) -> None:
        self.unsent = unsent
        self.send = send
        self.outage = Outage("sending traces")

    def until(self, stop: threading.Event) -> None:
        """Send until `stop` is set."""
        while not stop.is_set():
            stop.wait(INTERVAL_S if self._round() else PAUSE_S)

    def _round(self) -> bool:
        try:
            after = ""
            while parts := self.unsent.look(after):
                for part in parts:
                    if not self.send(part):
                        self.outage.began("The collector did not take them.")
                        return False
                    self.unsent.sent(part)
                after = parts[-1].job_id
        except (NotReady, StorageFull) as error:
            self.outage.began(error.detail)
            return False
        except Exception:  # a thread's door: a bug here must not end the next round
            log.exception("unexpected error", duty="traces")
            return False
        self.outage.ended()
        return True
