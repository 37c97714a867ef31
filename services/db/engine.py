"""The connection to the database: short writing transactions and lock-free reads, on SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import structlog
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from services.db import changes, ended_jobs
from services.errors import NotReady, StorageFull
from services.faultpoint import faultpoint, switch_on
from services.settings import Settings
from services.tls import postgres_parameters

log = structlog.get_logger()

BUSY_TIMEOUT_MS = 10_000
#: Versions that carry the fix of the WAL-reset bug. Source: sqlite.org/wal.html#walresetbug
WAL_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
SYNCHRONOUS = "synchronous"
LOST_S = 20  #: an end of a connection that answers nothing for so long is gone, on both sides
POSTGRES_OPTIONS = (
    "-c statement_timeout=60s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s "
    f"-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3 -c tcp_user_timeout={LOST_S}s"
)


class Database:
    """One process's door to the database. Made after a fork and never carried over one."""

    def __init__(self, settings: Settings, *, pool_size: int = 5) -> None:
        self.settings = settings
        switch_on(settings.faultpoints)
        url = make_url(settings.sqlalchemy_url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writing = _sqlite_engine(settings, pool_size)
        else:
            self._writing = _postgres_engine(settings, pool_size)
        self._passing = self._writing.execution_options(durable=False)
        # Shares the pool of the writing engine, but never begins anything.
        self._reading = self._writing.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def engine(self) -> Engine:
        """The engine whose transactions may write."""
        return self._writing

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Session]:
        """Yield a session whose changes are committed together at the end.

        SQLite does not wait for the disk at the end of what need not be `durable`: a power cut may take it, but then
        all that was written after it as well. On PostgreSQL all are: who read it may be on another machine.
        Raises: NotReady when the database does not answer, StorageFull when its disk is full.
        """
        engine = self._writing if durable else self._passing
        with _translated(), Session(engine, expire_on_commit=False) as session, session.begin():
            # Takes SQLite's write lock now, so that what is read below is still true when it is written.
            session.connection()
            yield session
            session.flush()
            if session.info:  # something is noted
                ended_jobs.write(session)
                changes.write(session)
            faultpoint("commit.before")
        faultpoint("commit.after")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session for reads, each a statement of its own: nothing is locked and nothing held.

        Raises: NotReady when the database does not answer.
        """
        with _translated(), Session(self._reading, expire_on_commit=False) as session:
            yield session

    @property
    def sqlite_version(self) -> str | None:
        """The version of SQLite's library, None on PostgreSQL."""
        return sqlite_module().sqlite_version if self.is_sqlite else None

    def ping(self) -> bool:
        """Ask the database for anything; return whether it is a SQLite.

        Raises: NotReady.
        """
        with self.reading() as session:
            session.execute(text("SELECT 1"))
        return self.is_sqlite

    def close(self) -> None:
        """Close every idle connection."""
        self._writing.dispose()


def now(session: Session) -> datetime:
    """Return the database's time, aware UTC, so that no two hosts' clocks are compared."""
    if session.get_bind().dialect.name == "sqlite":
        stamp = session.scalar(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"))
        return datetime.fromisoformat(str(stamp)).replace(tzinfo=UTC)
    time: datetime = session.scalar(text("SELECT clock_timestamp()"))
    return time.astimezone(UTC)


def insert_for(session: Session) -> Any:
    """Return the database's own INSERT, which can say what to do when the row is there."""
    return insert_of(dialect_of(session))


def insert_of(dialect: str) -> Any:
    """Return a database's own INSERT, for a statement that is built once."""
    return (sqlite if dialect == "sqlite" else postgresql).insert


def dialect_of(session: Session) -> str:
    """Return `sqlite` or `postgresql`."""
    return session.get_bind().dialect.name


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Return whether a SQLite of this version can be trusted with a write-ahead log.

    Source: sqlite.org/wal.html#walresetbug: fixed in 3.51.3, and in the 3.50 and 3.44 lines from .7 and .6 on.
    """
    return version >= WAL_FIXED[0] or any(version[:2] == fixed[:2] and version >= fixed for fixed in WAL_FIXED)


def sqlite_module() -> ModuleType:
    """Return the SQLite driver with the newest library: the wheel's where there is one, else Python's."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    return dbapi2  # type: ignore[no-any-return]


def _sqlite_engine(settings: Settings, pool_size: int) -> Engine:
    module = sqlite_module()
    settings.storage.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        make_url(settings.sqlalchemy_url), module=module, pool_size=pool_size, max_overflow=-1, pool_timeout=10
    )
    journal = "WAL" if wal_is_safe(module.sqlite_version_info) else "DELETE"
    if journal == "DELETE":
        log.warning("SQLite's library has the WAL-reset bug: using a rollback journal", version=module.sqlite_version)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver begins nothing by itself; `begin` below does.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}").close()
        # Has an effect only before the first table; later it would take the write lock, for nothing.
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL").close()
        for pragma in (
            f"journal_mode={journal}",
            f"{SYNCHRONOUS}=FULL",  # an acknowledged submit survives a power cut
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # The event fires for autocommit connections too, and those must not lock. A deferred BEGIN would fail with
        # "database is locked" as soon as two transactions read and then write, whatever the busy timeout.
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return
        # A rollback journal that is not synced can be corrupted; a log only loses its end.
        wanted = "FULL" if options.get("durable", True) or journal != "WAL" else "NORMAL"
        if connection.info.get(SYNCHRONOUS, "FULL") != wanted:
            connection.connection.dbapi_connection.execute(f"PRAGMA {SYNCHRONOUS}={wanted}").close()
            connection.info[SYNCHRONOUS] = wanted
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres_engine(settings: Settings, pool_size: int) -> Engine:
    url = make_url(settings.sqlalchemy_url)
    if settings.database_password:
        url = url.set(password=settings.database_password)
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        pool_timeout=10,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={
            **postgres_parameters(settings),
            "connect_timeout": 3,
            "options": POSTGRES_OPTIONS,
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            # Of what is sent and not acknowledged; without it a line that is cut is waited for for many minutes.
            "tcp_user_timeout": LOST_S * 1000,
        },
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        words = str(error.orig).lower()
        if "database or disk is full" in words or "no space left" in words:
            raise StorageFull("The database's disk is full.") from error
        raise NotReady("The database does not answer.", checks={"database": {"ok": False}}) from error
    except PoolTimeout as error:
        raise NotReady("All connections to the database are in use.", checks={"database": {"ok": False}}) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise NotReady("The database does not answer.", checks={"database": {"ok": False}}) from error
        raise
