"""The statements about data sets. Each takes the session first and never commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from services.datasets.dataset_views import DatasetView
from services.datasets.storage import info_from_json, info_json
from services.db.clock import NOW
from services.db.engine import dialect_of
from services.db.prediction_tables import BatchPrediction
from services.db.tables import Dataset, Job
from services.errors import NotFound
from services.specs.parse.faults import closest
from services.states import FINAL

DATASETS: Any = Dataset.__table__
#: Every submit asks for these, so that they are built once.
SAME = [DATASETS.c[name] == bindparam(name) for name in ("owner", "sha256", "source")]
BY_BYTES = select(DATASETS).where(*SAME).limit(1)
IS_THERE = select(DATASETS.c.id).where(DATASETS.c.id == bindparam("id"))
GIVEN = [column for column in DATASETS.c if column.name != "created_at"]
ADD_UNLESS_KNOWN = (
    insert(DATASETS)
    .from_select(
        [*GIVEN, DATASETS.c.created_at],
        select(*[bindparam(column.name, type_=column.type) for column in GIVEN], NOW).where(~exists().where(*SAME)),
    )
    .returning(DATASETS.c.id)
)
#: What a statement on PostgreSQL asks for to lock the bytes of a data set until its transaction ends.
LOCK = func.pg_advisory_xact_lock(func.hashtextextended(bindparam("sha256"), 0))


def by_id(session: Session, owner: str, dataset_id: str) -> DatasetView | None:
    """Return an owner's data set."""
    row = session.scalar(select(Dataset).where(Dataset.owner == owner, Dataset.id == dataset_id))
    return _view(row) if row else None


def by_name(session: Session, owner: str, name: str) -> DatasetView | None:
    """Return the newest upload of this name."""
    query = select(Dataset).where(Dataset.owner == owner, Dataset.name == name, Dataset.source == "upload")
    row = session.scalar(query.order_by(Dataset.created_at.desc(), Dataset.id.desc()).limit(1))
    return _view(row) if row else None


def named(session: Session, owner: str, id_or_name: str) -> DatasetView:
    """Return a data set by its id or, newest first, its name.

    Raises: NotFound with the closest name.
    """
    found = by_id(session, owner, id_or_name) or by_name(session, owner, id_or_name)
    if found is None:
        near = closest(id_or_name, names(session, owner))
        raise NotFound(f"There is no data set {id_or_name[:80]!r}.", suggestion=near)
    return found


def by_bytes(session: Session, owner: str, sha256: str, source: str) -> DatasetView | None:
    """Return an owner's data set of these bytes."""
    values = {"owner": owner, "sha256": sha256, "source": source}
    row = session.connection().execute(BY_BYTES, values).first()
    return _view(row) if row else None


def lock(session: Session, sha256: str) -> None:
    """Let other transactions that lock these bytes wait for the end of this one; SQLite has but one writer anyway."""
    if dialect_of(session) == "postgresql":
        session.connection().execute(select(LOCK), {"sha256": sha256})


def is_there(session: Session, dataset_id: str) -> bool:
    """Return whether a data set has a row."""
    return session.connection().execute(IS_THERE, {"id": dataset_id}).first() is not None


def add_unless_known(session: Session, dataset: DatasetView) -> bool:
    """Insert a data set unless its owner has one of the same, locked bytes; return whether it was inserted."""
    return session.connection().execute(ADD_UNLESS_KNOWN, _values(dataset)).first() is not None


def is_used(session: Session, sha256: str) -> bool:
    """Return whether a data set has these bytes."""
    return session.scalar(select(Dataset.id).where(Dataset.sha256 == sha256).limit(1)) is not None


def add(session: Session, dataset: DatasetView, created_at: datetime) -> None:
    """Insert a data set."""
    session.add(Dataset(**_values(dataset), created_at=created_at))
    session.flush()


def describe(session: Session, sha256: str, dataset: DatasetView) -> None:
    """Write down what is known of uploads of these bytes, whose table was just made anew."""
    info = info_json(dataset.info)
    session.execute(
        update(Dataset)
        .where(Dataset.sha256 == sha256, Dataset.source == "upload")
        .values(rows=info["rows"], columns=info["columns"], dialect=dataset.dialect, warnings=dataset.warnings)
    )


def rename(session: Session, dataset_id: str, name: str) -> None:
    """Give a data set another name."""
    session.execute(update(Dataset).where(Dataset.id == dataset_id).values(name=name))


def page(
    session: Session, owner: str, limit: int, after: tuple[datetime, str] | None, sha256: str | None = None
) -> list[DatasetView]:
    """Return uploads, newest first, after the one of this time and id; with `sha256` only that of these bytes."""
    query = select(Dataset).where(Dataset.owner == owner, Dataset.source == "upload")
    if sha256:
        query = query.where(Dataset.sha256 == sha256)
    if after:
        query = query.where(tuple_(Dataset.created_at, Dataset.id) < after)
    rows = session.scalars(query.order_by(Dataset.created_at.desc(), Dataset.id.desc()).limit(limit))
    return [_view(row) for row in rows]


def names(session: Session, owner: str) -> Sequence[str]:
    """Return the names and ids of the newest uploads, to suggest one of."""
    query = select(Dataset.name, Dataset.id).where(Dataset.owner == owner, Dataset.source == "upload")
    return [word for row in session.execute(query.order_by(Dataset.created_at.desc()).limit(200)) for word in row]


def jobs_of(session: Session, dataset_id: str, *, open_only: bool) -> Sequence[str]:
    """Return up to 20 jobs that use a data set."""
    query = select(Job.id).where(Job.dataset_id == dataset_id)
    if open_only:
        query = query.where(Job.state.not_in(FINAL))
    return session.scalars(query.limit(20)).all()


def predictions_of(session: Session, dataset_id: str) -> Sequence[str]:
    """Return up to 20 batch predictions that are not finished and read a data set."""
    open_ones = (BatchPrediction.dataset_id == dataset_id, BatchPrediction.finished_at.is_(None))
    return session.scalars(select(BatchPrediction.id).where(*open_ones).limit(20)).all()


def remove(session: Session, dataset_id: str) -> None:
    """Delete a data set; a sweep removes its files if no other row has its bytes."""
    session.execute(delete(Dataset).where(Dataset.id == dataset_id))


def _values(dataset: DatasetView) -> dict[str, Any]:
    """Return what the columns of a data set's row hold, but for the time."""
    own = ("id", "owner", "name", "source", "format", "size_bytes", "sha256", "dialect", "suggested_target", "warnings")
    return {name: getattr(dataset, name) for name in own} | info_json(dataset.info)


def _view(row: Any) -> DatasetView:
    return DatasetView(
        id=row.id,
        owner=row.owner,
        name=row.name,
        source=row.source,
        format=row.format,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        info=info_from_json({"rows": row.rows, "columns": row.columns}),
        dialect=row.dialect,
        suggested_target=row.suggested_target,
        warnings=row.warnings,
        created_at=row.created_at,
    )
