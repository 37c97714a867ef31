"""Which releases may share a database: neighbours, so that parts of a service can be replaced one after the other."""

from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy import Connection, delete, insert, inspect, select

from services.db.release_tables import Release


def own() -> str:
    """Return the release of this program."""
    return version("batchyard")


def remember(connection: Connection, head: str) -> None:
    """Note that this release has brought the schema to a revision, if that is not noted yet."""
    known = connection.scalar(select(Release.head).where(Release.name == own()))
    if known != head:
        connection.execute(delete(Release).where(Release.name == own()))
        connection.execute(insert(Release).values(name=own(), head=head, migrated_at=datetime.now(UTC)))


def of_schema(connection: Connection, revision: str) -> str | None:
    """Return the first release that brought the schema to a revision; None if nobody noted it."""
    if not inspect(connection).has_table(Release.__tablename__):
        return None
    found = connection.scalars(select(Release.name).where(Release.head == revision)).all()
    return min(found, key=_number, default=None)


def are_neighbours(one: str, other: str) -> bool:
    """Return whether one release may work beside another: at most one minor release apart."""
    (major, minor), (other_major, other_minor) = _number(one)[:2], _number(other)[:2]
    return major == other_major and abs(minor - other_minor) <= 1


def _number(release: str) -> tuple[int, ...]:
    words = release.split("+")[0].split(".")
    numbers = [int("".join(ch for ch in word if ch.isdecimal()) or 0) for word in words[:3]]
    return (*numbers, 0, 0)[:3]
