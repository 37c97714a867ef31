"""A worker on another host, as the guide sets it up: over TLS with passwords, its clock wrong, its cable pulled."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis.exceptions import RedisError

from local import valkey
from services.db.engine import Database
from services.db.schema import migrate
from services.errors import NotReady
from services.nudges import Bell
from services.specs.resolve.facts import ModelSizes
from services.tls import broker_url
from services.training.model_summary import summary
from services.wiring.base import Base, Intake, base
from tests.chaos import invariants
from tests.conftest import QUICK
from tests.hold import until as waited
from tests.hosts import OtherHost, certify, may_make_hosts, other_host
from tests.integration.worker.workers import LONG
from tests.make import make_job
from tests.postgres import FAST, binaries_with_tls, postgres_process, wait_for
from tests.tls_front import TlsFront
from worker.dispatcher import Dispatcher

pytestmark = pytest.mark.skipif(
    not (may_make_hosts() and binaries_with_tls()), reason="needs network namespaces and a PostgreSQL with TLS"
)

GUIDE = Path(__file__).parents[3] / "docs/how-to/machines.md"
PASSWORD, REDIS_PASSWORD = "of the database", "of-redis"
KNOWN = 12  #: epochs that are compared
AHEAD_S = 120
JOB = LONG | {"data": {"builtin": "iris"}}


class Site:
    """The host with the database and Redis, which both speak TLS alone to others."""

    def __init__(self, folder: Path, host: OtherHost, stack: ExitStack) -> None:
        self.folder, self.host = folder, host
        certify(folder, host.ours)
        self.home = self._postgres(stack)
        self.redis_url = self._valkey(stack)
        (folder / "password").write_text(PASSWORD)
        (folder / "redis").write_text(self.redis_url)
        url = f"postgresql+psycopg://batchyard@/batchyard?host={self.home}"
        self.settings = replace(QUICK, database_url=url, redis_url=self.redis_url, storage_dir=folder / "data")
        self.settings = replace(self.settings, short_job_s=0)
        self.rooms = base(self.settings, Intake(ModelSizes(summary)))
        stack.callback(self.rooms.database.close)
        migrate(self.rooms.database)

    def dispatch(self, stack: ExitStack) -> None:
        """Be the dispatcher, in a thread."""
        stop, bell = threading.Event(), Bell(broker_url(replace(self.settings, tls_ca=str(self.folder / "ca.pem"))))
        quick = replace(self.settings, dispatch_interval_s=0.1)
        rooms = base(quick)
        thread = threading.Thread(target=Dispatcher(rooms, bell, None).until, args=(stop,))
        thread.start()
        for last in (rooms.database.close, bell.close, thread.join, stop.set):
            stack.callback(last)

    def environment(self) -> dict[str, str]:
        """Return what the guide says to set on every machine, with the names of this site in it."""
        text = GUIDE.read_text().partition("set the same environment")[2].partition("```bash")[2].partition("```")[0]
        given = dict(re.findall(r"export (\w+)=(\S+)", text))
        here = {
            "db.internal": self.host.ours,
            "/etc/batchyard/": f"{self.folder}/",
            "/mnt/batchyard": str(self.folder / "data"),
        }
        for told, value in here.items():
            assert any(told in text for text in given.values()), told
            given = {name: text.replace(told, value) for name, text in given.items()}
        return given

    def _postgres(self, stack: ExitStack) -> Path:
        (self.folder / "hba").write_text(
            f"local all all trust\nhostssl all batchyard {self.host.ours}/30 scram-sha-256\n"
        )
        options = {
            "listen_addresses": self.host.ours,
            "hba_file": self.folder / "hba",
            "ssl": "on",
            "ssl_cert_file": self.folder / "server.pem",
            "ssl_key_file": self.folder / "server.key",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        server = stack.enter_context(postgres_process([*FAST, *words], binaries_with_tls()))
        wait_for(server.home)
        with psycopg.connect(host=str(server.home), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE ROLE batchyard LOGIN PASSWORD '{PASSWORD}'")
            connection.execute("CREATE DATABASE batchyard OWNER batchyard")
        return server.home

    def _valkey(self, stack: ExitStack) -> str:
        command, _ = valkey.command(self.folder)
        process = subprocess.Popen([*command, "--requirepass", REDIS_PASSWORD], stdout=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)
        plain = self.folder / "run" / "valkey.sock"
        files = (self.folder / "server.pem", self.folder / "server.key")
        stack.enter_context(closing(TlsFront((self.host.ours, 6379), plain, *files)))
        return f"rediss://:{REDIS_PASSWORD}@{self.host.ours}:6379/0"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site, and a host at the end of a cable."""
    folder = Path(tempfile.mkdtemp(prefix="by-site-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        host = stack.enter_context(other_host())
        site = Site(folder, host, stack)
        site.dispatch(stack)
        yield site


def test_a_worker_whose_cable_is_pulled_and_whose_clock_is_wrong_loses_and_doubles_nothing(site: Site) -> None:
    rooms = site.rooms
    short = make_job(rooms, **JOB | {"epochs": KNOWN}).id
    quick = {f"BATCHYARD_{name.upper()}": str(getattr(QUICK, name)) for name in ("beat_interval_s", "flush_interval_s")}
    command = site.host.command(sys.executable, "-m", "batchyard", "server", "worker", "--device", "cpu")
    with open(site.folder / "worker.log", "w") as log:
        environ = os.environ | site.environment() | quick | {"BATCHYARD_WORKER_SLOTS": "1"} | wrong_clock()
        worker = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    clock = [sys.executable, "-c", "import time; print(time.time())"]
    ahead = float(subprocess.check_output(clock, env=environ)) - time.time()
    try:
        until(lambda: rooms.jobs.lookup.get("local", short).done)
        endless = make_job(rooms, **JOB | {"epochs": 100_000}).id
        until(lambda: done(rooms, endless) >= 3)
        site.host.pull()
        until(lambda: rooms.jobs.lookup.get("local", endless).status == "queued")
        before = done(rooms, endless)
        site.host.plug()
        until(lambda: done(rooms, endless) > max(before, KNOWN))
        rooms.jobs.commands.cancel("local", endless)
        until(lambda: rooms.jobs.lookup.get("local", endless).done)
    finally:
        worker.terminate()
        assert worker.wait(timeout=60) == 0, (site.folder / "worker.log").read_text()

    assert AHEAD_S / 2 < ahead < 2 * AHEAD_S
    assert invariants.broken(rooms, [("submit", short), ("submit", endless), ("cancel", endless)]) == []
    assert costs(rooms, endless)[:KNOWN] == costs(rooms, short)
    assert rooms.jobs.lookup.get("local", endless).run.attempt >= 2


def test_who_speaks_without_tls_or_trusts_another_authority_is_not_served(site: Site, tmp_path: Path) -> None:
    certify(tmp_path, site.host.ours)
    given = site.environment()
    good = replace(site.settings, database_url=given["BATCHYARD_DATABASE_URL"], tls_ca=given["BATCHYARD_TLS_CA"])
    good = replace(good, database_password=PASSWORD)
    other = replace(good, tls_ca=str(tmp_path / "ca.pem"))
    plain = replace(good, tls_ca="", database_url=good.database_url + "?sslmode=disable")
    unencrypted = replace(plain, redis_url=good.redis_url.replace("rediss:", "redis:"))

    for settings in (other, plain):
        with closing(Database(settings)) as database, pytest.raises(NotReady):
            database.ping()
    for settings in (other, plain, unencrypted):
        with closing(Bell(broker_url(settings))) as bell:
            with pytest.raises(NotReady):
                bell.depth("cpu")
            # Not by ringing: Celery's pool of connections does not tell one authority from another.
            with bell.celery.connection_for_write() as connection, pytest.raises(RedisError):
                connection.connect()
    with closing(Database(good)) as database, closing(Bell(broker_url(good))) as bell:
        assert not database.ping()
        assert bell.depth("cpu") >= 0


def wrong_clock() -> dict[str, str]:
    """Return what puts a process's clock ahead."""
    found = importlib.util.find_spec("libfaketime")
    assert found
    assert found.submodule_search_locations
    library = next(Path(found.submodule_search_locations[0]).rglob("libfaketime.so.1"))
    return {"LD_PRELOAD": str(library), "FAKETIME": f"+{AHEAD_S}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def until(is_so: Callable[[], Any]) -> None:
    """Wait until something is so, long enough for a cable that comes back on a busy machine."""
    waited(is_so, timeout_s=150)


def done(rooms: Base, job_id: str) -> int:
    """Return how many epochs of a job are done."""
    return rooms.jobs.lookup.get("local", job_id).training.epochs_done


def costs(rooms: Base, job_id: str) -> list[Any]:
    """Return the costs of every epoch."""
    return [(epoch.epoch, epoch.train_cost, epoch.val_cost) for epoch in rooms.jobs.lookup.epochs("local", job_id)]
