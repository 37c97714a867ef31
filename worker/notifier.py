"""Tells the webhooks, beside the dispatcher's duties: a slow receiver holds up neither them nor other receivers."""

import threading
from collections.abc import Callable

import structlog

from services.db.engine import Database
from services.errors import NotReady, StorageFull
from services.outage import Outage
from services.settings import Settings
from services.webhooks.delivery import Delivery
from services.webhooks.outbox import Outbox

log = structlog.get_logger()

INTERVAL_S = 1.0  #: pause between two looks at the event log
MOST = 16  #: webhooks that are notified at once, each by a thread of its own


class Notifier:
    """Looks for news, and keeps one thread for each webhook that something waits for."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings, pool_size=2)  # of its own, so that it takes none from the dispatcher
        self.telling = Outbox(self.database)
        self.delivering = Delivery(self.database, settings.webhook_networks)
        self.threads: dict[str, threading.Thread] = {}
        self.outage = Outage("the telling of webhooks")

    def until(self, stop: threading.Event) -> None:
        """Tell until `stop` is set. What is on its way then is sent again by the next one, with the same id."""
        while not stop.is_set():
            self._try(lambda: self._round(stop))
            stop.wait(INTERVAL_S)

    def _round(self, stop: threading.Event) -> None:
        while not stop.is_set() and self.telling.look():
            self._start(stop)
        self._start(stop)

    def _start(self, stop: threading.Event) -> None:
        self.threads = {hook: thread for hook, thread in self.threads.items() if thread.is_alive()}
        for hook in self.delivering.due():
            if hook not in self.threads and len(self.threads) < MOST:
                # A daemon, so that a receiver that does not answer keeps nobody from ending.
                thread = threading.Thread(target=self._tell, args=(hook, stop), daemon=True, name=f"tell {hook}")
                self.threads[hook] = thread
                thread.start()

    def _tell(self, hook: str, stop: threading.Event) -> None:
        self._try(lambda: self._all(hook, stop))

    def _all(self, hook: str, stop: threading.Event) -> None:
        while not stop.is_set() and self.delivering.deliver(hook):
            pass

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (NotReady, StorageFull) as error:
            self.outage.began(error.detail)
        except Exception:  # a thread's door: a bug here must end neither the next round nor the dispatcher
            log.exception("a bug", duty="webhooks")
        else:
            self.outage.ended()
