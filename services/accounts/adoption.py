"""What was there before keys goes to the owner of the first one."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Select, Table, case, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from services.accounts.key_views import LOCAL
from services.db.account_tables import ApiKey, AuditEntry, OwnerLimits
from services.db.engine import Database
from services.db.job_rows import add_owner
from services.db.tables import Base, Dataset, Job, Owner

#: What is said of an owner, and not had.
APART = {ApiKey.__tablename__, AuditEntry.__tablename__, OwnerLimits.__tablename__}


def adopt(database: Database) -> str | None:
    """Give everything of `local` to the owner of the first key; return the sentence that says so.

    None when there is nothing, or no key yet. Harmless when several processes do it at once.
    Raises: NotReady.
    """
    with database.reading() as session:
        if _heir(session) is None or not _is_any(session):
            return None
    with database.transaction() as session:
        # Held, so that of two processes the second finds nothing left.
        session.scalar(select(Owner.name).where(Owner.name == LOCAL).with_for_update())
        heir = _heir(session)
        if heir is None or not _is_any(session):
            return None
        counts = {
            word: session.scalar(select(func.count()).select_from(kind).where(kind.owner == LOCAL)) or 0
            for kind, word in ((Job, "job"), (Dataset, "data set"))
        }
        add_owner(session, heir)
        _move(session, heir)
        session.execute(delete(Owner).where(Owner.name == LOCAL))
    said = " and ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())
    return f"What was made before there were keys, {said}, now belongs to {heir}, whose key was the first."


def _heir(session: Session) -> str | None:
    first = session.scalar(select(ApiKey.owner).order_by(ApiKey.created_at, ApiKey.id).limit(1))
    return None if first == LOCAL else first


def _is_any(session: Session) -> bool:
    tables = (table for table in _tables() if session.scalar(_of_local(table)))
    return next(tables, None) is not None


def _of_local(table: Table) -> Select[Any]:
    return select(literal(1)).select_from(table).where(table.c.owner == LOCAL).limit(1)


def _move(session: Session, heir: str) -> None:
    """Write the new owner into every table, however they refer to each other by it."""
    tables = list(_tables())
    referred = {name for table in tables for name in _referred(table)}
    taken = _taken(session, tables, heir)
    for table in tables:
        fresh = {"owner": literal(heir)} | _renamed(table, taken)
        if table.name not in referred:
            session.execute(update(table).where(table.c.owner == LOCAL).values(fresh))
            continue
        # Its owner is part of what other rows refer to: they are given a copy to refer to first.
        columns = [column.name for column in table.columns]
        copied = [fresh.get(name, table.c[name]) for name in columns]
        session.execute(insert(table).from_select(columns, select(*copied).where(table.c.owner == LOCAL)))
    for table in reversed(tables):
        if table.name in referred:
            session.execute(delete(table).where(table.c.owner == LOCAL))


def _taken(session: Session, tables: list[Table], heir: str) -> dict[str, set[str]]:
    """Return the names that the new owner uses already, by column: where keys were off again for a while."""
    found: dict[str, set[str]] = {}
    for table in tables:
        if column := _naming(table):
            found.setdefault(column, set()).update(
                session.scalars(select(table.c[column]).where(table.c.owner == heir))
            )
    return found


def _renamed(table: Table, taken: dict[str, set[str]]) -> dict[str, Any]:
    """Return what a name becomes that the new owner uses already: `m-local`, the same in every table."""
    column = _naming(table)
    if column is None or not taken[column]:
        return {}
    n, names = 1, taken[column]
    while any(f"{name}{_suffix(n)}" in names for name in names):
        n += 1
    name = table.c[column]
    return {column: case((name.in_(names), name.concat(_suffix(n))), else_=name)}


def _suffix(n: int) -> str:
    return f"-{LOCAL}" if n == 1 else f"-{LOCAL}{n}"


def _naming(table: Table) -> str | None:
    """Return the column that names a row among its owner's; None where ids do."""
    columns = [column.name for column in table.primary_key.columns]
    return columns[1] if columns[0] == "owner" and len(columns) > 1 else None


def _tables() -> Iterator[Table]:
    """Yield the tables whose rows have an owner, those that are referred to first."""
    for table in Base.metadata.sorted_tables:
        if "owner" in table.c and table.name not in APART:
            yield table


def _referred(table: Table) -> set[str]:
    return {
        constraint.referred_table.name
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint) and "owner" in constraint.column_keys
    }
