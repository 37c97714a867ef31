"""Finds running work whose worker stopped responding: the same beat in six reads in a row."""

import time
from collections.abc import Callable
from typing import Protocol

from sqlalchemy.orm import Session

from services.db.engine import Database
from services.errors import NotReady
from services.settings import Settings

Seen = dict[str, tuple[tuple[int, int], int]]


class Running(Protocol):
    """What runs, jobs or batch predictions."""

    def beats(self, session: Session) -> dict[str, tuple[int, int]]: ...

    def silent(self, job_id: str, attempt: int, beat: int, /) -> bool: ...


class Reaper:
    """Counts reads, not seconds: no clock of any host decides, and several reapers are harmless.

    A read that fails, or that comes late, forgets all counts: an outage of the database, a paused machine or a jump
    of the time puts no job back. It reads where it could write: while SQLite is locked no beat can be written either.
    """

    def __init__(
        self, database: Database, lifecycle: Running, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.database = database
        self.lifecycle = lifecycle
        self.settings = settings
        self.clock = clock
        self.seen: Seen = {}  #: of each running job its attempt and beat, and how many reads have shown them
        self.last_read: float | None = None

    def look(self) -> list[str]:
        """Read every running job's beat; return the jobs that were put back. Called once in `reap_interval_s`.

        Raises: NotReady when the database does not answer.
        """
        last_read = self.last_read
        try:
            with self.database.transaction() as session:
                beats = self.lifecycle.beats(session)
        except NotReady:
            self.seen = {}
            raise
        finally:
            self.last_read = self.clock()
        late = last_read is not None and self.last_read - last_read > 2 * self.settings.reap_interval_s
        before = {} if late else self.seen
        self.seen = {
            job_id: (beat, before[job_id][1] + 1 if job_id in before and before[job_id][0] == beat else 1)
            for job_id, beat in beats.items()
        }
        silent = [job_id for job_id, (_, reads) in self.seen.items() if reads >= self.settings.reap_reads]
        return [job_id for job_id in silent if self.lifecycle.silent(job_id, *self.seen.pop(job_id)[0])]
