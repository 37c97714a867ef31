"""What the chaos tests share: the dice, a rig on each database, and the count of what was done and checked."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings
from services.wiring.base import Base, base
from tests.chaos import invariants
from tests.chaos.proxy import Proxy
from tests.chaos.rig import SHORT, R, Rig
from tests.plugins.install import install
from tests.postgres import SAFE, PostgresServer, postgres_process, wait_for

# Kept in the environment, so that test processes that run beside each other throw the same dice.
SEED = int(os.environ.setdefault("BATCHYARD_CHAOS_SEED", str(random.SystemRandom().randrange(10**6))))
COUNTS: Counter[str] = Counter()


def pytest_report_header() -> str:
    """Say how this run can be repeated."""
    return f"chaos: BATCHYARD_CHAOS_SEED={SEED}"


class ByRig(LoadScopeScheduling):
    """Keeps the tests of one rig in one process; different rigs, and tests without one, run beside each other."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, rest = nodeid.partition("::")
        return nodeid if "test_every_point" in file else file + rest.partition("[")[2]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByRig:
    """Spread the tests by their rigs."""
    return ByRig(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of a test process over to the one that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["chaos"] = dict(COUNTS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the counts of a test process that has ended."""
    COUNTS.update(getattr(node, "workeroutput", {}).get("chaos", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was done and checked."""
    if COUNTS:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(COUNTS.items()))
        terminalreporter.write_line(f"chaos: seed {SEED}; {counts}")


@pytest.fixture
def seed() -> int:
    """What the dice of this run start from."""
    return SEED


@pytest.fixture
def counts() -> Counter[str]:
    """What is summed up over all tests: kills, restarts, jobs, invariants."""
    return COUNTS


class Yard:
    """A rig, its PostgreSQL and the proxy before it, its dice, and what its reference jobs came to."""

    def __init__(self, rig: Rig, rooms: Base, proxy: Proxy | None, server: PostgresServer | None) -> None:
        self.rig = rig
        self.rooms = rooms
        self.proxy = proxy
        self.server = server
        self.dice = random.Random(SEED)
        jobs = [rig.submit(spec) for spec in (R, SHORT)]
        rig.finish(*jobs)
        self.bits = {self._kind(job): invariants.fingerprint(rooms, job) for job in jobs}

    def check(self, *jobs: str) -> None:
        """Hold every invariant against all that is in the database, and the bits of some jobs against the reference."""
        assert invariants.broken(self.rooms, self.rig.told) == []
        for job in jobs:
            if self.rooms.jobs.lookup.get("local", job).status == "succeeded":
                assert invariants.fingerprint(self.rooms, job) == self.bits[self._kind(job)], job
        COUNTS["jobs"] += len(jobs)
        COUNTS["invariants checked"] += 9 * len(jobs)

    def heal(self) -> None:
        """Bring the rig back to where a test may begin, so that one that failed does not fail those after it."""
        if self.server and self.server.process.poll() is not None:
            self.server.start()
        if self.proxy:
            self.proxy.mode, self.proxy.cuts_left = "pass", 0
        self.rig.heal()

    def _kind(self, job_id: str) -> str:
        return str(self.rooms.jobs.lookup.get("local", job_id).data.name)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A running rig on each database; PostgreSQL is a server of its own, reached through a proxy."""
    folder = tmp_path_factory.mktemp("rig")
    packages = folder / "packages"
    packages.mkdir()
    install(packages)
    settings = Settings(storage_dir=folder / "data")
    url, proxy, server = "", None, None
    with ExitStack() as stack:
        if request.param == "postgresql":
            server = stack.enter_context(postgres_process(SAFE))
            wait_for(server.home)
            settings = replace(settings, database_url=f"postgresql+psycopg://postgres@/postgres?host={server.home}")
            proxy = stack.enter_context(closing(Proxy(server.home / ".s.PGSQL.5432")))
            url = f"postgresql+psycopg://postgres@127.0.0.1:{proxy.port}/postgres"
        with closing(Database(settings)) as database:
            migrate(database)
        more = {"faultpoints": str(folder / "points"), "plugins": "counting"}
        (folder / "points").mkdir()
        os.environ["PYTHONPATH"] = os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")])
        rig = stack.enter_context(closing(Rig(folder, url, **more)))
        rooms = base(settings)
        stack.enter_context(closing(rooms.database))
        yield Yard(rig, rooms, proxy, server)


@pytest.fixture(autouse=True)
def healed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Heal the rig after each test."""
    yield
    if "yard" in request.fixturenames:
        request.getfixturevalue("yard").heal()
