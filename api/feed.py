"""What event streams send: read and rendered once for all streams that stand at the same event of a job."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import orjson

from api import schemas
from services.jobs.job_views import EventView
from services.jobs.lookup import JobLookup

PAGE = 100
KEPT_PAGES = 64


@dataclass(frozen=True)
class Page:
    """The next messages of a stream."""

    messages: bytes
    last_seq: int  #: the number of the last event in it
    is_full: bool  #: more may follow at once
    ended: bool  #: it holds the job's last event


class Feed:
    """Makes the pages of all streams of this process, one at a time, and keeps the newest."""

    def __init__(self, lookup: JobLookup) -> None:
        self.lookup = lookup
        self.lock = threading.Lock()
        self.pages: OrderedDict[tuple[str, str, int], Page] = OrderedDict()

    def after(self, owner: str, job_id: str, seq: int) -> Page | None:
        """Return messages of events after `seq`, not always all; None when there are none.

        Hundreds of streams wake for one event. The lock lets one of them read; the others wait here without
        competing with those who answer requests.
        """
        with self.lock:
            # Events are never changed, so a kept page is true; what came later is asked for next.
            kept = self.pages.get((owner, job_id, seq))
            if kept:
                self.pages.move_to_end((owner, job_id, seq))
                return kept
            found = self.lookup.events(owner, job_id, after=seq, limit=PAGE)
            if not found:
                return None
            messages = b"".join(_message(event) for event in found)
            page = Page(messages, found[-1].seq, len(found) == PAGE, found[-1].type == "end")
            self.pages[owner, job_id, seq] = page
            if len(self.pages) > KEPT_PAGES:
                self.pages.popitem(last=False)
            return page


def _message(event: EventView) -> bytes:
    body = orjson.dumps(schemas.Event(**vars(event)).model_dump(mode="json"))
    return f"id: {event.seq}\nevent: {event.type}\ndata: ".encode() + body + b"\n\n"
