"""A real queue, and workers on it."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.nudges import Bell
from services.settings import Settings
from tests.hold import until
from tests.integration.worker.workers import Worker


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """The folder that says where processes die or wait."""
    folder = tmp_path / "points"
    folder.mkdir()
    return folder


@pytest.fixture
def with_queue(settings: Settings, valkey: str, points: Path) -> Settings:
    """Settings with a real queue, whose processes can be killed or held where a test wants it."""
    return replace(settings, redis_url=valkey, faultpoints=str(points))


@pytest.fixture
def bell(valkey: str) -> Iterator[Bell]:
    """A doorbell."""
    bell = Bell(valkey)
    yield bell
    bell.close()


@pytest.fixture
def start(with_queue: Settings, tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    """Start workers, which are killed at the end."""
    workers: list[Worker] = []

    def begin() -> Worker:
        workers.append(Worker(with_queue, tmp_path))
        until(lambda: workers[-1].fork_server)
        return workers[-1]

    yield begin
    for worker in workers:
        if worker.process.poll() is None:
            worker.stop(signal.SIGKILL)
