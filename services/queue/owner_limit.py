"""How many jobs of an owner run, where the owner may have only so many at once."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from services.db import job_rows
from services.states import JobState

#: Returns how many jobs of an owner may run at once; None: any number.
RunningJobs = Callable[[str], int | None]


def owner_runs(session: Session, owner: str, most: int | None) -> int | None:
    """Return how many jobs of an owner run if no more than `most` may; None if more may.

    The database is asked only where there is a limit.
    """
    if most is None:
        return None
    runs = job_rows.count_of(session, owner, JobState.RUNNING)
    return runs if runs >= most else None
