"""Counters of what predictions depend on, raised in the transactions that change it and read with one statement.

Names are spread over a few counters, so that a change makes only a few kept answers be looked up again. A transaction
raises its counters last and in order, so that two of them never wait for each other.
"""

import zlib
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from services.db.model_tables import ChangeCounter

SLOTS = 64  #: rows of the table, inserted by its migration
KEYS = 64  #: the slot of the counter of keys, made and revoked
_NOTED = "changed slots"
_COUNTERS: Any = ChangeCounter.__table__
#: Most transactions end with it, so that it is built once.
RAISE = update(_COUNTERS).where(_COUNTERS.c.slot == bindparam("raised")).values(n=_COUNTERS.c.n + 1)


def slot_of(owner: str, name: str) -> int:
    """Return the counter of a job's or a model's name."""
    return zlib.crc32(f"{owner}\0{name}".encode()) % SLOTS


def note(session: Session, owner: str, name: str) -> None:
    """Note that what predictions by this name depend on is changed in this transaction."""
    session.info.setdefault(_NOTED, set()).add(slot_of(owner, name))


def note_keys(session: Session) -> None:
    """Note that a key is made or revoked in this transaction."""
    session.info.setdefault(_NOTED, set()).add(KEYS)


def keys(session: Session) -> int:
    """Return the counter of keys."""
    return int(session.scalar(select(ChangeCounter.n).where(ChangeCounter.slot == KEYS)) or 0)


def write(session: Session) -> None:
    """Raise the counters of all that was noted. The last statements of a transaction."""
    noted: set[int] = session.info.pop(_NOTED, set())
    for slot in sorted(noted):
        session.connection().execute(RAISE, {"raised": slot})


def read(session: Session) -> list[int]:
    """Return the counters of names, by slot."""
    found = [0] * SLOTS
    for slot, n in session.execute(select(ChangeCounter.slot, ChangeCounter.n).where(ChangeCounter.slot < SLOTS)):
        found[slot] = n
    return found
