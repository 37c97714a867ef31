"""A job that is watched in a notebook is one output that changes; IPython's own display is stood in for."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from batchyard.showing import Showing

DATA = {"id": "job_1", "name": "one", "status": "running"}


def test_one_output_is_updated_and_holds_the_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, str]] = []
    handle = SimpleNamespace(update=lambda html: shown.append(("update", html)))

    def display(html: str, *, display_id: bool) -> Any:
        shown.append(("display", html))
        return handle

    shell, module = ModuleType("IPython"), ModuleType("IPython.display")
    shell.get_ipython = lambda: SimpleNamespace(kernel=1)  # type: ignore[attr-defined]
    module.HTML, module.display = str, display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    job = SimpleNamespace(data=DATA, spec={})
    showing = Showing()

    showing.show(job, {"epoch": [1, 2], "train_cost": [1.0, 0.5]})
    showing.show(job, {"epoch": [3], "train_cost": [0.25]})

    assert [kind for kind, _ in shown] == ["display", "update"]
    assert "<svg" in shown[-1][1]
    assert showing.last_epoch == 3


def test_elsewhere_each_epoch_is_a_line_and_detaching_says_how_to_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    showing = Showing()
    job = SimpleNamespace(name="one", id="job_1", data=DATA, spec={"epochs": 9})

    showing.show(job, {"epoch": [1], "train_cost": [0.5], "seconds": [0.1], "checkpoint": [True]})
    showing.detached(job)

    assert capsys.readouterr().out.splitlines() == [
        "epoch=1/9 train_cost=0.5 dur=0.10s +",
        "one keeps running. Come back: batchyard.job('job_1').watch()",
    ]
