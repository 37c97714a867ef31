"""What an owner may have at most, and has: looked at before something is taken in."""

from dataclasses import dataclass, fields
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from services.account_errors import QuotaExceeded, StorageQuotaExceeded
from services.db import changes
from services.db.account_tables import OwnerLimits
from services.db.engine import Database, insert_for, now
from services.db.job_rows import add_owner, count_of
from services.db.tables import Checkpoint, Dataset, Job, Owner
from services.settings import Settings
from services.states import FINAL, JobState

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Limits:
    """The most of each kind; None: any number."""

    queued_jobs: int | None = None
    submits_per_minute: int | None = None
    stored_bytes: int | None = None
    run_seconds_per_day: int | None = None
    predict_rows: int | None = None
    running_jobs: int | None = None

    @property
    def bound_jobs(self) -> bool:
        """Whether any of them can refuse a job."""
        return self != Limits(predict_rows=self.predict_rows, running_jobs=self.running_jobs)


NAMES = tuple(known.name for known in fields(Limits))
COLUMNS = [getattr(OwnerLimits, name) for name in NAMES]


@dataclass(frozen=True)
class OwnerView:
    """What an owner may have, by what was set for this owner alone, and has."""

    owner: str
    own: Limits
    limits: Limits
    used: dict[str, int]


class Quotas:
    """Compares what owners have with what they may have."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.defaults = Limits(
            queued_jobs=settings.owner_queued_jobs,
            submits_per_minute=settings.owner_submits_per_minute,
            stored_bytes=settings.owner_stored_bytes,
            run_seconds_per_day=settings.owner_run_s_per_day,
            predict_rows=settings.owner_predict_rows,
            running_jobs=settings.owner_running_jobs,
        )
        #: Of the owners for whom they were set, asked without SQL: most rows of a predict, most jobs that run.
        self.rows: dict[str, int] = {}
        self.running: dict[str, int] = {}

    def limits(self, own: Limits) -> Limits:
        """Return what an owner may have for whom these were set."""
        set_for_all, set_for_one = vars(self.defaults), vars(own)
        return Limits(**{name: set_for_all[name] if most is None else most for name, most in set_for_one.items()})

    def check_submit(self, session: Session, owner: str, most: Limits) -> None:
        """Refuse one more job than an owner may have. In the transaction that adds it, which goes on alone then.

        Raises: QuotaExceeded; StorageQuotaExceeded.
        """
        add_owner(session, owner)
        session.scalar(select(Owner.name).where(Owner.name == owner).with_for_update())
        self._check_rate(session, owner, most.submits_per_minute)
        queued = count_of(session, owner, JobState.QUEUED)
        if most.queued_jobs is not None and queued >= most.queued_jobs:
            raise _over(
                "queued-jobs",
                f"{queued} jobs are waiting; at most {most.queued_jobs} may wait",
                most.queued_jobs,
                queued,
            )
        ran = _run_seconds(session, owner)
        if most.run_seconds_per_day is not None and ran >= most.run_seconds_per_day:
            words = f"Jobs have trained for {ran} s in the last day; {most.run_seconds_per_day} s are allowed"
            raise _over("run-seconds", words, most.run_seconds_per_day, ran, window_s=86_400, wait_s=3_600)
        if most.stored_bytes is not None and (stored := _stored(session, owner)) >= most.stored_bytes:
            raise _too_many_bytes(most.stored_bytes, stored)

    def bytes_left(self, owner: str) -> int | None:
        """Return how many more bytes an owner may store; None: any number.

        Raises: StorageQuotaExceeded when it is none.
        """
        with self.database.reading() as session:
            most = self.limits(_own(session, owner)).stored_bytes
            if most is None:
                return None
            stored = _stored(session, owner)
        if stored >= most:
            raise _too_many_bytes(most, stored)
        return most - stored

    def predict_rows(self, owner: str) -> int | None:
        """Return how many rows one predict of an owner may have, as far as this process knows; None: any number."""
        return self.rows.get(owner, self.defaults.predict_rows)

    def running_jobs(self, owner: str) -> int | None:
        """Return how many jobs of an owner may run at once, as far as this process knows; None: any number."""
        return self.running.get(owner, self.defaults.running_jobs)

    def reload(self) -> None:
        """Read what is asked without SQL.

        Raises: NotReady.
        """
        with self.database.reading() as session:
            found = session.execute(select(OwnerLimits.owner, OwnerLimits.predict_rows, OwnerLimits.running_jobs)).all()
        self.rows = {row.owner: row.predict_rows for row in found if row.predict_rows is not None}
        self.running = {row.owner: row.running_jobs for row in found if row.running_jobs is not None}

    def view(self, owner: str) -> OwnerView:
        """Return what an owner may have and has; of one who has nothing, too."""
        with self.database.reading() as session:
            used = {
                "queued_jobs": count_of(session, owner, JobState.QUEUED),
                "running_jobs": count_of(session, owner, JobState.RUNNING),
                "submits_per_minute": _submits(session, owner)[0],
                "stored_bytes": _stored(session, owner),
                "run_seconds_per_day": _run_seconds(session, owner),
            }
            own = _own(session, owner)
            return OwnerView(owner, own, self.limits(own), used)

    def change(self, owner: str, patch: dict[str, int | None]) -> OwnerView:
        """Set what an owner may have; None: what the settings say."""
        with self.database.transaction() as session:
            row = {"owner": owner, **vars(_own(session, owner)), **patch}
            insert = insert_for(session)(OwnerLimits).values(**row)
            session.execute(insert.on_conflict_do_update(index_elements=["owner"], set_=row))
            changes.note_keys(session)
        self.reload()
        return self.view(owner)

    def _check_rate(self, session: Session, owner: str, most: int | None) -> None:
        if most is None:
            return
        count, wait_s = _submits(session, owner)
        if count >= most:
            raise _over(
                "submits",
                f"{count} jobs were submitted in the last minute; {most} are allowed",
                most,
                count,
                window_s=60,
                wait_s=wait_s,
            )


def _own(session: Session, owner: str) -> Limits:
    row = session.execute(select(*COLUMNS).where(OwnerLimits.owner == owner)).first()
    return Limits(*row) if row else Limits()


def _submits(session: Session, owner: str) -> tuple[int, int]:
    """Return how many jobs came in the last minute, and in how many seconds the first of them is a minute old."""
    time = now(session)
    query = select(func.count(), func.min(Job.created_at)).where(Job.owner == owner, Job.created_at > time - MINUTE)
    count, first = session.execute(query).one()
    return count, max(1, round((first + MINUTE - time).total_seconds())) if first else 1


def _run_seconds(session: Session, owner: str) -> int:
    """Return how long jobs trained that ended in the last day or go on."""
    late = or_(Job.state.not_in(FINAL), Job.finished_at > now(session) - DAY)
    return int(session.scalar(select(func.sum(Job.trained_s)).where(Job.owner == owner, late)) or 0)


def _stored(session: Session, owner: str) -> int:
    """Return the bytes of data sets and checkpoints."""
    data = select(func.sum(Dataset.size_bytes)).where(Dataset.owner == owner, Dataset.source.in_(["upload", "inline"]))
    own = select(Job.id).where(Job.owner == owner)
    weights = select(func.sum(Checkpoint.size_bytes)).where(Checkpoint.job_id.in_(own))
    return int(session.scalar(data) or 0) + int(session.scalar(weights) or 0)


def _over(name: str, words: str, most: int, used: int, *, window_s: int = 0, wait_s: int = 0) -> QuotaExceeded:
    quota = {"name": name, "limit": most, "used": used, "window_seconds": window_s or None}
    return QuotaExceeded(f"{words}.", quota=quota, retry_after_seconds=wait_s or None)


def _too_many_bytes(most: int, stored: int) -> StorageQuotaExceeded:
    quota = {"name": "stored-bytes", "limit": most, "used": stored, "window_seconds": None}
    hint = "Delete data sets or jobs that nobody needs."
    return StorageQuotaExceeded(f"{stored} bytes are stored; {most} are allowed.", quota=quota, hint=hint)
