"""The audit log: who did what from where. A line of the log at once, a row within a second."""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, insert, select, tuple_

from services import ids
from services.db import cursors
from services.db.account_tables import AuditEntry
from services.db.engine import Database, now
from services.errors import NotReady, StorageFull
from services.outage import Outage

log = structlog.get_logger()

PAUSE_S = 0.5
MOST = 10_000  #: entries that wait while the database is away; more are in the log alone
PATH_CHARACTERS = 500


@dataclass(frozen=True)
class Entry:
    """One request that changed something, or was refused because of its key."""

    action: str
    path: str
    status: int
    address: str
    owner: str | None = None
    key_id: str | None = None
    method: str = "POST"
    request_id: str = ""


@dataclass(frozen=True)
class EntryView:
    """An entry as the list shows it."""

    id: str
    created_at: datetime
    owner: str | None
    key_id: str | None
    action: str
    method: str
    path: str
    status: int
    address: str
    request_id: str


class AuditLog:
    """Takes entries without making a request wait, and lists them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting: deque[Entry] = deque()
        self.lost = 0  #: entries that found no room, since the last that did

    def note(self, entry: Entry) -> None:
        """Write an entry to the log now, and to the database soon."""
        told = {name: value for name, value in vars(entry).items() if value}
        log.info("audit", **told)
        if len(self.waiting) < MOST:
            self.waiting.append(entry)
        else:
            self.lost += 1

    def flush(self) -> None:
        """Store what waits.

        Raises: NotReady, StorageFull; what waited goes on waiting.
        """
        taken = [self.waiting.popleft() for _ in range(len(self.waiting))]
        try:
            write(self.database, taken)
        except (NotReady, StorageFull):
            self.waiting.extendleft(reversed(taken))
            raise
        if self.lost:
            log.warning("audit entries are in the log alone", count=self.lost)
            self.lost = 0

    def run(self, closed: threading.Event) -> None:
        """Store what waits, again and again, a last time when `closed` is set."""
        outage = Outage("the audit log")
        ending = False
        while not ending:
            ending = closed.wait(PAUSE_S)
            try:
                self.flush()
            except (NotReady, StorageFull) as error:
                outage.began(error.detail)
            else:
                outage.ended()

    def page(self, *, owner: str | None, limit: int, after: str | None) -> tuple[list[EntryView], str | None]:
        """Return entries, newest first, of an owner or of all, and the cursor of the next page.

        Raises: InvalidRequest when the cursor is none.
        """
        query = select(AuditEntry).order_by(AuditEntry.created_at.desc(), AuditEntry.id.desc()).limit(limit + 1)
        if owner is not None:
            query = query.where(AuditEntry.owner == owner)
        if after:
            time, entry_id = cursors.read(after, 2)
            query = query.where(tuple_(AuditEntry.created_at, AuditEntry.id) < (cursors.time(time), entry_id))
        with self.database.reading() as session:
            rows = session.scalars(query).all()
        shown = [_view(row) for row in rows[:limit]]
        more = len(rows) > limit
        return shown, cursors.write(shown[-1].created_at, shown[-1].id) if more else None

    def forget(self, days: int | None) -> None:
        """Delete entries that are older than so many days."""
        if days is None:
            return
        with self.database.transaction() as session:
            oldest = now(session) - timedelta(days=days)
            session.execute(delete(AuditEntry).where(AuditEntry.created_at < oldest))


def write(database: Database, entries: list[Entry]) -> None:
    """Store entries.

    Raises: NotReady, StorageFull.
    """
    if not entries:
        return
    with database.transaction() as session:
        time = now(session)
        rows = [vars(entry) | {"id": ids.new("aud"), "created_at": time} for entry in entries]
        session.execute(insert(AuditEntry), [row | {"path": row["path"][:PATH_CHARACTERS]} for row in rows])


def _view(row: AuditEntry) -> EntryView:
    return EntryView(
        id=row.id,
        created_at=row.created_at,
        owner=row.owner,
        key_id=row.key_id,
        action=row.action,
        method=row.method,
        path=row.path,
        status=row.status,
        address=row.address,
        request_id=row.request_id,
    )
