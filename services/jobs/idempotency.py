"""Who submits, and Idempotency-Keys: the same key and body bring the same job, or batch prediction, for a day."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, literal, select
from sqlalchemy.orm import Session

from services.accounts import quotas
from services.accounts.quotas import Limits
from services.datasets.dataset_rows import LOCK
from services.db.account_tables import OwnerLimits
from services.db.clock import NOW, time_in
from services.db.engine import Database, dialect_of, insert_of
from services.db.tables import IdempotencyKey, Owner
from services.errors import IdempotencyKeyReused
from services.jobs.submission import RequestKey

KEYS: Any = IdempotencyKey.__table__
FORGOTTEN = KEYS.c.created_at < time_in(bindparam("age_s"))


def _submitter() -> Select[Any]:
    """Return the query for one row, whatever is known of an owner and a key."""
    owner: BindParameter[str] = bindparam("owner")
    sent = (KEYS.c.owner == owner) & (KEYS.c.key == bindparam("key")) & ~FORGOTTEN
    joined = select(literal(1)).subquery().outerjoin(Owner, Owner.name == owner)
    joined = joined.outerjoin(OwnerLimits, OwnerLimits.owner == owner).outerjoin(KEYS, sent)
    seen = (KEYS.c.job_id, KEYS.c.body_sha256, KEYS.c.created_at)
    return select(*quotas.COLUMNS, Owner.name, *seen).select_from(joined)


SUBMITTER = _submitter()  #: every submit asks for it, so that it is built once


@cache
def _take(dialect: str) -> Any:
    given = {"body_sha256": bindparam("body_sha256"), "job_id": bindparam("job_id"), "created_at": NOW}
    insert = insert_of(dialect)(KEYS).values(owner=bindparam("owner"), key=bindparam("key"), **given)
    taken = insert.on_conflict_do_update(index_elements=["owner", "key"], set_=given, where=FORGOTTEN)
    return taken.returning(KEYS.c.job_id, *([LOCK] if dialect == "postgresql" else []))


@dataclass(frozen=True)
class Submitter:
    """Who submits, as far as the database knows."""

    is_known: bool  #: an owner has a row from the first submit on
    limits: Limits  #: set for this owner alone
    job_id: str | None  #: the job or batch prediction that the same key brought before


class IdempotencyKeys:
    """The keys that owners sent with their submits."""

    def __init__(self, database: Database, kept_s: float) -> None:
        self.database = database
        self.kept_s = kept_s

    def submitter(self, session: Session, owner: str, request: RequestKey | None) -> Submitter:
        """Return who submits, with what came of the same key.

        Raises: IdempotencyKeyReused when it came with another body.
        """
        values = {"owner": owner, "key": request.key if request else None, "age_s": -self.kept_s}
        found = session.connection().execute(SUBMITTER, values).one()
        if request and found.job_id and found.body_sha256 != request.body_sha256:
            detail = f"This Idempotency-Key was used with another body; {found.job_id} came of it. Use a new key."
            raise IdempotencyKeyReused(detail, first_seen_at=found.created_at)
        return Submitter(found.name is not None, Limits(*found[: len(quotas.NAMES)]), found.job_id)

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
