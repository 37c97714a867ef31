"""Idempotency-Keys: the same key and body bring the same job, or batch prediction, for a day."""

from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from services.datasets.dataset_rows import LOCK
from services.db.clock import NOW, time_in
from services.db.engine import Database, dialect_of, insert_of
from services.db.tables import IdempotencyKey
from services.errors import IdempotencyKeyReused
from services.jobs.submission import RequestKey

KEYS: Any = IdempotencyKey.__table__
FORGOTTEN = KEYS.c.created_at < time_in(bindparam("age_s"))
#: Every submit asks for these, so that they are built once.
FIND = select(KEYS).where(KEYS.c.owner == bindparam("owner"), KEYS.c.key == bindparam("key"), ~FORGOTTEN)


@cache
def _take(dialect: str) -> Any:
    given = {"body_sha256": bindparam("body_sha256"), "job_id": bindparam("job_id"), "created_at": NOW}
    insert = insert_of(dialect)(KEYS).values(owner=bindparam("owner"), key=bindparam("key"), **given)
    taken = insert.on_conflict_do_update(index_elements=["owner", "key"], set_=given, where=FORGOTTEN)
    return taken.returning(KEYS.c.job_id, *([LOCK] if dialect == "postgresql" else []))


class IdempotencyKeys:
    """The keys that owners sent with their submits."""

    def __init__(self, database: Database, kept_s: float) -> None:
        self.database = database
        self.kept_s = kept_s

    def find(self, session: Session, owner: str, request: RequestKey) -> str | None:
        """Return the id of the job or batch prediction that a key brought before, None if it is new.

        Raises: IdempotencyKeyReused when it came with another body.
        """
        values = {"owner": owner, "key": request.key, "age_s": -self.kept_s}
        known = session.connection().execute(FIND, values).first()
        if known is None:
            return None
        if known.body_sha256 != request.body_sha256:
            detail = f"This Idempotency-Key was used with another body; {known.job_id} came of it. Use a new key."
            raise IdempotencyKeyReused(detail, first_seen_at=known.created_at)
        return str(known.job_id)

    def take(self, session: Session, owner: str, request: RequestKey, job_id: str, sha256: str) -> bool:
        """Give a key to a job or batch prediction; False when another has it. Whoever comes with it meanwhile waits.

        The same statement locks the bytes of its data set, as `dataset_rows.lock` does.
        """
        values = {"owner": owner, "job_id": job_id, "sha256": sha256, "age_s": -self.kept_s, **vars(request)}
        return session.connection().execute(_take(dialect_of(session)), values).first() is not None

    def release(self, session: Session, of: list[str]) -> None:
        """Forget the keys of what is deleted."""
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.job_id.in_(of)))

    def forget(self) -> None:
        """Forget the keys that are older than a day."""
        with self.database.transaction() as session:
            session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < time_in(-self.kept_s)))
