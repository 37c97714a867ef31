"""Watches the SQL of one caller: every statement on what has an owner must say whose, or name a row of the caller's.

Watched as it is sent, and not read from the source: a statement is what the database executes, however it was put
together. It passes if it compares `owner` with the caller, or if it is restricted by ids that are all the caller's own:
what a statement with an owner found before may be asked for by its id. Of what another shares with the caller, it must
name both that owner and the one thing.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, text

from services.db.engine import Database
from services.db.tables import Base as Tables

#: Tables of owners' things that carry no owner of their own, but the id of what has one.
CHILDREN = {"epochs", "events", "checkpoints", "checkpoint_chunks", "webhook_deliveries"}
APART = {"owners", "api_keys", "audit_entries"}
ID = re.compile(r"^(?:job|ds|wh|ckpt|msg)_\w+$")
#: Statements that look at all owners on purpose; none shows what is whose.
OF_ALL = (
    ("SELECT count(*) AS count_1, min(jobs.created_at)", "how long the queue is"),
    ("SELECT count(*) AS count_1 \nFROM jobs \nWHERE jobs.state", "how many slots are busy"),
    ("SELECT jobs.worker, jobs.owner, jobs.id", "which slots are busy; the jobs of others are counted, not named"),
    ("WHERE jobs.state = ", "the forecast of the queue plays the jobs of all"),
    ("SELECT datasets.id \nFROM datasets \nWHERE datasets.sha256 = ", "whether files are still needed by anybody"),
    ("SELECT DISTINCT shares.kind, shares.thing", "what is shared at all; not whose, nor with whom"),
    ("UPDATE datasets SET rows=", "what is known of the same bytes, whoever has them"),
)


@dataclass(frozen=True)
class Lent:
    """What another owner shares with the caller: an id or a name, and the rows that belong to it."""

    owner: str
    things: set[str]


NOTHING = Lent("", set())


class Watched:
    """The statements that were sent, and those among them that could reach what is another's."""

    def __init__(self, database: Database, owner: str, lent: Lent) -> None:
        self.database = database
        self.owner = owner
        self.lent = lent
        self.seen = 0
        self.own: set[str] = set()
        self.sent: list[tuple[str, list[Any]]] = []

    def strays(self) -> list[str]:
        """Return those since the last call that name neither the caller nor only rows that are or were the caller's."""
        self.own |= self._own_ids()
        sent, self.sent = self.sent, []
        self.seen += len(sent)
        return sorted({statement for statement, values in sent if not self._is_bounded(statement, values, self.own)})

    def _is_bounded(self, statement: str, values: list[Any], own: set[str]) -> bool:
        if self.owner in values and re.search(r"\bowner\b", statement):
            return True
        if any(part in statement for part, _ in OF_ALL):
            return True
        if self.lent.owner in values and self.lent.things & {value for value in values if isinstance(value, str)}:
            return re.search(r"\bowner\b", statement) is not None
        ids = [value for value in values if isinstance(value, str) and ID.match(value)]
        return bool(ids) and set(ids) <= own | self.lent.things

    def _own_ids(self) -> set[str]:
        queries = [
            "SELECT id FROM jobs WHERE owner = :owner",
            "SELECT id FROM datasets WHERE owner = :owner",
            "SELECT id FROM webhooks WHERE owner = :owner",
            "SELECT c.id FROM checkpoints c JOIN jobs j ON j.id = c.job_id WHERE j.owner = :owner",
            "SELECT d.id FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE w.owner = :owner",
        ]
        with self.database.reading() as session:
            return {row for query in queries for row in session.scalars(text(query), {"owner": self.owner})}


@contextmanager
def watched(database: Database, owner: str, lent: Lent = NOTHING) -> Iterator[Watched]:
    """Watch the statements on owners' tables until the end of the block."""
    found = Watched(database, owner, lent)
    owned = {table.name for table in Tables.metadata.sorted_tables if "owner" in table.c} - APART | CHILDREN
    thread = threading.get_ident()  # others ring and beat for all
    named = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+\"?(\w+)")

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if threading.get_ident() == thread and owned & set(named.findall(statement)):
            values = list(parameters.values() if isinstance(parameters, dict) else parameters)
            found.sent.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
