"""A net that the operator installed trains like any other; what its code raises is the plug-in's error."""

from pathlib import Path
from typing import Any

import pytest

from services.errors import InvalidRequest
from services.specs.resolve.facts import Limits
from services.training.loop.training import Training
from services.training.predictor import Predictor
from services.training_errors import PluginError
from tests import make
from tests.plugins.install import install


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example as `pip install` would leave it, and allowed."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(make, "LIMITS", Limits(epochs=1000, parameters=10**6, plugins=("wide",)))


def plugged(name: str = "wide", **params: Any) -> Training:
    """A training of the plug-in on iris."""
    model = {"type": "plugin", "name": name, "params": params}
    optimizer = {"type": "adamw", "lr": 0.01}
    return make.make_training(data={"builtin": "iris"}, model=model, optimizer=optimizer, epochs=20, batch_size=32)


def test_a_plugin_learns_and_answers_from_its_checkpoint() -> None:
    training = plugged(units=16)
    costs = [epoch.val_cost or 9.0 for epoch in training.fit()]
    training.keep_best()

    predictor = Predictor.from_bytes(training.best_bytes())

    assert min(costs) < 0.4
    assert training.stepping.kind == "plain"
    assert predictor.model.net.hidden.out_features == 16


@pytest.mark.parametrize("when", ["making", "forward"])
def test_what_a_plugin_raises_is_named(when: str) -> None:
    with pytest.raises(PluginError, match=r"'wide' failed: .*asked to fail"):
        list(plugged(fail_on=when).fit())


def test_a_plugin_that_is_not_allowed_is_refused_at_the_submit() -> None:
    with pytest.raises(InvalidRequest) as refused:
        plugged("narrow")

    assert refused.value.faults[0].pointer == "#/model/name"
    assert refused.value.faults[0].allowed == ["wide"]


def test_a_plugin_that_a_worker_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "LIMITS", Limits(epochs=1000, parameters=10**6, plugins=("narrow",)))

    with pytest.raises(PluginError, match="'narrow' is not installed"):
        plugged("narrow")
