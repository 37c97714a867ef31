"""A bucket on a real S3 server, and hosts that share it and one database."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.training.input.plugin_data import look
from services.training.model_summary import shapes, summary
from services.wiring.base import Base, Intake, base
from tests.conftest import QUICK
from tests.s3 import S3Server, s3_server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server that lives as long as the tests."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@dataclass(frozen=True)
class Hosts:
    """Hosts that share a bucket, below a prefix of its own, and a database."""

    s3: S3Server
    prefix: str
    folder: Path
    sqlite: Path
    opened: ExitStack

    def settings(self, name: str, **more: Any) -> Settings:
        """Return the settings of a host with a storage folder of its own."""
        shared = {"database_url": f"sqlite:///{self.folder / 'batchyard.db'}"}
        own = replace(QUICK, storage_dir=self.folder / name, **shared | more)
        return self.s3.settings(own, self.prefix)

    def host(self, name: str, **more: Any) -> Base:
        """Return the rooms of a host."""
        rooms = base(self.settings(name, **more), Intake(ModelSizes(summary, shapes), look))
        self.opened.enter_context(closing(rooms.database))
        return rooms

    def impatient(self, name: str, **more: Any) -> Base:
        """Return the rooms of a host that soon gives up: for what fails while the bucket is away, for nothing else."""
        return self.host(name, storage_timeout_s=0.3, **more)

    @property
    def names(self) -> list[str]:
        """The names of all objects."""
        return self.s3.names(self.prefix)

    def name(self, part: str) -> str:
        """Return the name of the one object that has this in it."""
        (found,) = [name for name in self.names if part in name]
        return found


@pytest.fixture
def hosts(s3: S3Server, sqlite: Path, tmp_path: Path) -> Iterator[Hosts]:
    """Hosts, whatever a test calls them."""
    (tmp_path / "batchyard.db").write_bytes(sqlite.read_bytes())
    with ExitStack() as opened:
        yield Hosts(s3, f"test-{time.monotonic_ns()}", tmp_path, sqlite, opened)
    s3.resume()


@pytest.fixture
def old() -> Callable[[Path], None]:
    """Make the local copies below a folder look as if nobody had asked for them for an hour."""

    def make_old(folder: Path) -> None:
        for home in folder.glob("cache/*/*/*"):
            os.utime(home, (time.time() - 3_600,) * 2)

    return make_old
