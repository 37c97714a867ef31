"""Sessions of browsers: a signed cookie that names a key and a time, so that a page never holds the token.

A cookie says all that there is to know of a session that goes on. Of one that was ended the number is kept until its
time is over, and known to every process, as revoked keys are.
"""

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, select

from services import ids
from services.db import changes
from services.db.account_tables import EndedSession
from services.db.engine import Database, insert_for, now

SECRET_BYTES = 32
FILE = "session.key"


@dataclass(frozen=True)
class Said:
    """What a cookie of ours says that is not over."""

    key_id: str
    id: str


class Sessions:
    """Signs and reads cookies. The secret is a file, so that who has a copy of the database can forge none."""

    def __init__(self, database: Database, storage: Path, lifetime_s: float) -> None:
        self.database = database
        self.secret = _secret(storage / FILE)
        self.lifetime_s = lifetime_s
        self.ended: frozenset[str] = frozenset()

    def begin(self, key_id: str) -> str:
        """Return the cookie of a session that a key opened."""
        said = f"{key_id}.{ids.new('ses')}.{int(time.time() + self.lifetime_s)}"
        return f"{said}.{self._signature(said)}"

    def key_id(self, cookie: str) -> str | None:
        """Return the key that a cookie names; None if it is not ours, over or ended."""
        found = self._read(cookie)
        return found.key_id if found and found.id not in self.ended else None

    def end(self, cookie: str) -> None:
        """Let a cookie open nothing more, wherever it was copied to. One that is not ours or over is none.

        Raises: NotReady.
        """
        found = self._read(cookie)
        if found is None or found.id in self.ended:
            return
        with self.database.transaction() as session:
            time_ = now(session)
            session.execute(delete(EndedSession).where(EndedSession.ends_at < time_))
            row = {"id": found.id, "ends_at": time_ + timedelta(seconds=self.lifetime_s)}
            session.execute(insert_for(session)(EndedSession).values(row).on_conflict_do_nothing())
            changes.note_keys(session)
        self.reload()

    def reload(self) -> None:
        """Read which sessions were ended.

        Raises: NotReady.
        """
        with self.database.reading() as session:
            self.ended = frozenset(session.scalars(select(EndedSession.id)))

    def _read(self, cookie: str) -> Said | None:
        said, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(self._signature(said).encode(), signature.encode("utf-8", "surrogateescape")):
            return None
        key_id, _, rest = said.partition(".")
        session_id, _, ends = rest.partition(".")
        # A release before had no numbers in its cookies: they are over, and their browsers log in again.
        return Said(key_id, session_id) if ends and time.time() < int(ends) else None

    def _signature(self, said: str) -> str:
        text = b"session\0" + said.encode("utf-8", "surrogateescape")
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()


def _secret(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(SECRET_BYTES))
        try:
            os.link(draft, path)  # of two processes that begin at once the first one's stays
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
