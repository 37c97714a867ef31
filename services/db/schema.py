"""The version of the database's schema: what this program needs, what is there, and bringing it up to date."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from services.db import releases
from services.db.engine import Database
from services.errors import SchemaMismatch

MIGRATIONS = Path(__file__).parents[2] / "migrations"
LOCK = 7_226_015  #: key of the PostgreSQL advisory lock that one migrating process holds


def head() -> str:
    """Return the newest revision that this program knows: migrations are numbered, so the last file's number."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(connection: Connection) -> str | None:
    """Return the revision of the database, None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check_schema(database: Database) -> str:
    """Return the revision of the database if it is this program's, or one that its next minor release needs.

    Raises: SchemaMismatch saying what to run.
    """
    with database.reading() as session:
        found = current(session.connection())
        if found == head():
            return found
        release = releases.of_schema(session.connection(), found) if found else None
    if found and found > head() and release and releases.are_neighbours(release, releases.own()):
        return found  # migrations only add, so that what does not know of it goes on
    raise SchemaMismatch(_mismatch(found, release))


def migrate(database: Database) -> str:
    """Bring the database to the newest revision and return it; harmless when two processes do it at once.

    Raises: SchemaMismatch when a newer program has written the schema.
    """
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        found = current(connection)
        if found is not None and found > head():
            raise SchemaMismatch(
                f"The database has schema {found}, newer than this program's {head()}. Use the newer one."
            )
        if found == head():
            releases.remember(connection, found)
            connection.commit()
            return found
        if found is not None and database.is_sqlite:
            _copy_before(database, found)
        upgrade(connection, "head")
        releases.remember(connection, head())
        connection.commit()
    return head()


def upgrade(connection: Connection, revision: str) -> None:
    """Run the migrations up to a revision within the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _mismatch(found: str | None, release: str | None) -> str:
    there = "an empty schema" if found is None else f"schema {found}"
    if release:
        there += f" of Batchyard {release}"
    if (found or "") < head():
        return (
            f"The database has {there}, this program, Batchyard {releases.own()}, needs {head()}. "
            "Run: batchyard server migrate"
        )
    return (
        f"The database has {there}, this program, Batchyard {releases.own()}, knows {head()}, "
        "and is not the minor release before. Use the newer program that wrote it."
    )


def _copy_before(database: Database, revision: str) -> None:
    path = Path(str(database.engine.url.database))
    copy = path.with_name(f"{path.name}.before-{revision}")
    copy.unlink(missing_ok=True)
    # Not a copy of the file: part of the database may still be in its write-ahead log.
    with database.reading() as session:
        session.execute(text("VACUUM INTO :copy"), {"copy": str(copy)})
