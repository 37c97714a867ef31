"""A plug-in's Dataset on a real worker: it trains, and whatever its code does ends its own job alone."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.nudges import Bell
from services.settings import Settings
from services.wiring.base import Base
from tests.integration.worker import workers
from tests.make import make_job
from tests.plugins.install import install


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an operator who has installed plug-ins where the API and the workers run, and allows them."""
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")]))
    return replace(settings, plugins="spirals, odd", stall_s=8.0, max_attempts_without_progress=1)


def job(name: str, params: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"data": {"plugin": {"name": name, "params": params}}, "split": "none", "shuffle": False, **parts}


def test_a_plugin_trains_and_one_that_fails_ends_its_own_job_alone(
    joined: Base, bell: Bell, start: Callable[[], workers.Worker]
) -> None:
    worker = start()
    warm = worker.fork_server[0].pid
    codes = {"item": "plugin_error", "os._exit": "internal", "hang": "stalled"}
    jobs = {
        fault: make_job(joined, **job("odd", {"fault": fault, "at": 9}, batch_size=4, model="linear"))
        for fault in codes
    }
    good = make_job(joined, **job("spirals", {"points": 60}, model="mlp", batch_size=8))

    done = {fault: workers.finished(joined, bell, it.id) for fault, it in jobs.items()}
    trained = workers.finished(joined, bell, good.id)

    assert trained.status == "succeeded", trained.outcome.error
    assert {it.status for it in done.values()} == {"failed"}
    assert {fault: (it.outcome.error or {})["code"] for fault, it in done.items()} == codes
    error = done["item"].outcome.error or {}
    assert error["message"] == "The plug-in 'odd' failed at item 9: OSError: no such picture"
    assert (error["plugin"], error["item"]) == ("odd", 9)
    assert "in a plug-in" in (done["os._exit"].outcome.error or {})["message"]
    assert worker.fork_server[0].pid == warm


def test_a_job_whose_package_was_replaced_is_not_trained_on_other_data(
    joined: Base, bell: Bell, start: Callable[[], workers.Worker], tmp_path: Path
) -> None:
    queued = make_job(joined, **job("spirals", {}, model="linear"))
    install(tmp_path / "packages", version="1.1")
    start()

    done = workers.finished(joined, bell, queued.id)

    assert done.status == "failed"
    assert done.outcome.error is not None
    assert done.outcome.error["code"] == "data_changed"
