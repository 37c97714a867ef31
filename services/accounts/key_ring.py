"""The keys that a process knows by heart: checked without the database, and forgotten as soon as one is revoked.

All keys that open are kept, at most `keys.MOST`, so that a wrong one costs no query that grows with their number. One
thread looks at one counter, which every change of a key raises; a token that is not known makes it look at once, so
that a key opens from the moment it is made.
"""

import hmac
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import select, update

from services.accounts import tokens
from services.accounts.key_views import Grant
from services.accounts.keys import opens
from services.accounts.scopes import Scope
from services.db import changes
from services.db.account_tables import ApiKey
from services.db.engine import Database, now
from services.errors import NotReady, StorageFull
from services.outage import Outage

TRUSTED_S = 60.0  #: how long what is known holds while the database can't be asked whether a key was revoked
USE_S = 60.0  #: between two notes that a key was used


@dataclass(frozen=True)
class Known:
    """The keys as they were read last, exchanged as a whole."""

    counter: int = -1
    by_digest: dict[str, Grant] = field(default_factory=dict)
    by_id: dict[str, Grant] = field(default_factory=dict)


class KeyRing:
    """Tells who a token belongs to."""

    def __init__(self, database: Database, interval_s: float, changed: Callable[[], None] = lambda: None) -> None:
        self.database = database
        self.interval_s = interval_s
        self.changed = changed  #: called after the keys were read anew, before they open
        self.known = Known()
        self.looked_at = -math.inf  #: when the last look began
        self.lock = threading.Lock()
        self.used_at: dict[str, float] = {}
        self.unwritten: set[str] = set()  #: keys whose use is still to be noted

    def check(self, token: str) -> Grant | None:
        """Return what a token allows; None if it is no key that opens.

        Raises: NotReady when the database has not answered for a minute.
        """
        arrived = time.monotonic()
        found = self.warm(token)
        if found is None and len(token) <= tokens.MOST:
            self._look(arrived)
            found = self.warm(token)
        return found

    def warm(self, token: str) -> Grant | None:
        """Return what a token allows as far as it is known without a look at the database."""
        if len(token) > tokens.MOST:
            return None
        digest = tokens.digest(token)
        found = self.known.by_digest.get(digest)
        # The place in the table is found by a digest, of which nobody can choose the next bit; compared as a whole.
        if found is None or not hmac.compare_digest(found.sha256, digest) or not self._holds(found):
            return None
        self._note(found)
        return found

    def holder(self, key_id: str) -> Grant | None:
        """Return what a key allows that was shown before, None if it opens no more.

        Raises: NotReady when the database has not answered for a minute.
        """
        found = self.known.by_id.get(key_id)
        if found is None or not self._holds(found):
            self._look(time.monotonic())
            found = self.known.by_id.get(key_id)
        if found is None or not found.is_open:
            return None
        self._note(found)
        return found

    def is_open(self, grant: Grant) -> bool:
        """Return whether what was allowed a while ago still is; also for who waits or streams."""
        if grant.key_id is None:
            return True
        now_ = self.known.by_id.get(grant.key_id)
        return now_ is not None and self._holds(now_)

    def poll(self) -> None:
        """Look whether a key was made or revoked.

        Raises: NotReady.
        """
        self._look(time.monotonic())

    def run(self, closed: threading.Event) -> None:
        """Look again and again, and note which keys were used, until `closed` is set."""
        outage = Outage("the look for revoked keys")
        while not closed.wait(self.interval_s):
            try:
                self.poll()
                self._write_uses()
            except (NotReady, StorageFull) as error:
                outage.began(error.detail)
            else:
                outage.ended()

    def _holds(self, grant: Grant) -> bool:
        return grant.is_open and time.monotonic() - self.looked_at < TRUSTED_S

    def _look(self, asked_at: float) -> None:
        """Read the counter, and the keys if it was raised; a look that began after `asked_at` will do."""
        with self.lock:
            if self.looked_at >= asked_at:
                return
            began = time.monotonic()
            with self.database.reading() as session:
                counter = changes.keys(session)
            if counter != self.known.counter:
                known = self._read(counter)
                self.changed()
                self.known = known
            self.looked_at = began

    def _read(self, counter: int) -> Known:
        # The counter was read before: what changes meanwhile is read twice, never missed.
        with self.database.reading() as session:
            time_ = now(session)
            here = time.monotonic()
            rows = session.scalars(select(ApiKey).where(opens(time_))).all()
        grants = [
            Grant(
                owner=row.owner,
                scopes=frozenset(Scope(scope) for scope in row.scopes),
                key_id=row.id,
                sha256=row.sha256,
                # How long is left by the database's clock: no two hosts' clocks are compared.
                ends=math.inf if row.expires_at is None else here + (row.expires_at - time_).total_seconds(),
            )
            for row in rows
        ]
        return Known(counter, {g.sha256: g for g in grants}, {str(g.key_id): g for g in grants})

    def _note(self, grant: Grant) -> None:
        key_id, time_ = str(grant.key_id), time.monotonic()
        if time_ - self.used_at.get(key_id, -math.inf) >= USE_S:
            self.used_at[key_id] = time_
            self.unwritten.add(key_id)

    def _write_uses(self) -> None:
        used = [self.unwritten.pop() for _ in range(len(self.unwritten))]
        if not used:
            return
        with self.database.transaction() as session:
            noted = update(ApiKey).where(ApiKey.id.in_(used)).values(last_used_at=now(session))
            session.execute(noted, execution_options={"synchronize_session": False})
