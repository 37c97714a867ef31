"""What many tests start from: both databases, a Valkey, and the rooms joined to them."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis
import psycopg
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is loaded: test processes beside each other have a core each at most, and more threads only wait.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.training.input.plugin_data import look
from services.training.model_summary import shapes, summary
from services.wiring.base import Base, Intake, base
from tests.postgres import postgres_server, wait_for
from tests.valkey import valkey_server

# How long an example takes says more of what runs beside it than of us.
hypothesis.settings.register_profile(
    "without a clock", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("without a clock")

QUICK = Settings(
    beat_interval_s=0.2,
    stop_poll_interval_s=0.1,
    reap_interval_s=0.2,
    backoff_s=0.1,
    backoff_max_s=0.5,
    flush_interval_s=0.2,
    grace_s=5.0,
)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The folder with the socket of a PostgreSQL that has a migrated database `template_batchyard`."""
    with postgres_server() as folder:
        wait_for(folder)
        _run(folder, "CREATE DATABASE template_batchyard")
        with closing(Database(replace(QUICK, database_url=_url(folder, "template_batchyard")))) as database:
            migrate(database)
        yield folder


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Valkey that lives as long as the tests."""
    with valkey_server(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def valkey(valkey_url: str) -> str:
    """The URL of an empty Valkey."""
    import redis

    from services.nudges import plain_url

    with redis.Redis.from_url(plain_url(valkey_url)) as client:
        client.flushall()
    return valkey_url


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty, migrated SQLite database: a copy of it costs a hundredth of the migrations."""
    folder = tmp_path_factory.mktemp("template")
    with closing(Database(replace(QUICK, storage_dir=folder))) as database:
        migrate(database)
    return folder / "batchyard.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings with quick intervals and an empty, migrated database of each kind."""
    with empty_database(request, tmp_path / "data") as quick:
        yield quick


@contextmanager
def empty_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[Settings]:
    """Yield settings with quick intervals and an empty, migrated database of the kind that the parameter names."""
    quick = replace(QUICK, storage_dir=folder)
    if request.param == "sqlite":
        folder.mkdir()
        shutil.copyfile(request.getfixturevalue("sqlite"), folder / "batchyard.db")
        yield quick
        return
    server = request.getfixturevalue("postgres")
    name = f"test_{time.monotonic_ns()}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE template_batchyard STRATEGY FILE_COPY")
    yield replace(quick, database_url=_url(server, name))
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An empty, migrated database of each kind."""
    with closing(Database(settings)) as database:
        yield database


@pytest.fixture
def joined(settings: Settings) -> Iterator[Base]:
    """The rooms over an empty database of each kind."""
    rooms = base(settings, Intake(ModelSizes(summary, shapes), look))
    yield rooms
    rooms.database.close()


def _url(folder: Path, name: str) -> str:
    return f"postgresql+psycopg://postgres@/{name}?host={folder}"


def _run(folder: Path, statement: str) -> None:
    with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(statement)
