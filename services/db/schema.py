"""The version of the database's schema: what this program needs, what is there, and bringing it up to date."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

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
    """Return the revision of the database if it is this program's.

    Raises: SchemaMismatch saying what to run.
    """
    with database.reading() as session:
        found = current(session.connection())
    if found != head():
        known = "an empty schema" if found is None else f"schema {found}"
        raise SchemaMismatch(
            f"The database has {known}, this program needs {head()}. "
            + ("Run: batchyard server migrate" if (found or "") < head() else "Use the newer program that wrote it.")
        )
    return found


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
            return found
        if found is not None and database.is_sqlite:
            _copy_before(database, found)
        upgrade(connection, "head")
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


def _copy_before(database: Database, revision: str) -> None:
    path = Path(str(database.engine.url.database))
    copy = path.with_name(f"{path.name}.before-{revision}")
    copy.unlink(missing_ok=True)
    # Not a copy of the file: part of the database may still be in its write-ahead log.
    with database.reading() as session:
        session.execute(text("VACUUM INTO :copy"), {"copy": str(copy)})
