"""A Dataset that the operator installed trains item by item; what its code raises is told with the item's number."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from docs import plain_loop
from services.columns import Column
from services.specs.resolve.resolution import Limits, Resolved, resolve, resolved_json
from services.specs.schema.data import PluginData
from services.specs.schema.job import JobSpec
from services.training.build import build
from services.training.input.plugin_data import look, opened, reopened
from services.training.loop.training import Training
from services.training.model_summary import summary
from services.training.predictor import Predictor
from services.training_errors import DataChanged, PluginError, StopRequested
from tests.plugins.install import install
from tests.unit.services.training.test_resume import finish, same

LIMITS = Limits(epochs=100_000, parameters=10**6)


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packages as `pip install` would leave them."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def resolved(name: str = "spirals", params: dict[str, Any] | None = None, **parts: Any) -> Resolved:
    given = {"data": {"plugin": {"name": name, "params": params or {}}}, "model": "mlp", **parts}
    spec = JobSpec.model_validate(given)
    assert spec.data.plugin is not None
    info, _ = look(spec.data.plugin)
    return resolve(spec, info, dataset=None, suggested_target=None, cuda_online=False, limits=LIMITS, measure=summary)


def plugged(
    *,
    last: bytes | None = None,
    stop_requested: Callable[[], str | None] = lambda: None,
    **parts: Any,
) -> Training:
    """A training of a plug-in's items."""
    spec = resolved(**parts).spec
    assert spec.data.plugin is not None
    info, sha256 = look(spec.data.plugin)
    return build(spec, info, reopened(spec.data.plugin, info, sha256), last=last, stop_requested=stop_requested)


def test_spirals_are_learnt_and_answered_from_the_checkpoint() -> None:
    training = plugged(
        epochs=40, batch_size=16, optimizer={"type": "adamw", "lr": 0.01}, split={"type": "random", "test": 0.1}
    )
    for costs in training.fit():
        if training.best.improved(costs):
            training.keep_best()

    predictor = Predictor.from_bytes(training.best_bytes())
    points = np.stack([opened(PluginData(name="spirals", params={"noise": 0.0})).items[n][0] for n in range(400)])
    answers = predictor.probabilities(points).argmax(1)

    assert predictor.preprocessing.classes == ["left", "right"]
    assert (answers == torch.arange(400) % 2).float().mean() > 0.95
    assert (training.measure_test() or {})["test_accuracy"] > 0.9


def test_the_tutorials_dataset_gives_the_plain_loops_bits() -> None:
    parts = {"split": "none", "model": "linear", "optimizer": {"type": "sgd", "lr": 1e-5}, "batch_size": 2}
    training = plugged(name="tutorial", epochs=50, **parts)
    costs = [cost for epoch in training.fit() for cost in np.frombuffer(epoch.batch_costs or b"", "<f4").tolist()]

    model, wanted = plain_loop.train(0, 50)

    assert costs == wanted
    assert torch.equal(training.model.state_dict()["weight"], model.weight)


@pytest.mark.parametrize(
    ("name", "params", "task", "wanted"),
    [
        ("odd", {}, "regression", torch.arange(5.0, 10.0)[:, None]),
        ("odd", {"fault": "class"}, "multiclass", torch.arange(5, 10) % 3),
        ("pairs", {}, "regression", torch.stack([torch.arange(5.0, 10.0), -torch.arange(5.0, 10.0)], 1)),
    ],
    ids=["numbers", "classes", "several targets"],
)
def test_the_batches_are_the_items_collated(name: str, params: dict[str, Any], task: str, wanted: Any) -> None:
    training = plugged(name=name, params=params, split="none", batch_size=5, shuffle=False, model="linear")
    features, targets = next(iter(training.train_batches(1, 1)))

    assert training.preprocessing.task == task
    assert torch.equal(features, torch.arange(3.0) + torch.arange(5.0, 10.0)[:, None])
    assert torch.equal(targets, wanted)


def test_what_items_draw_is_new_in_each_epoch_and_the_same_on_rows_that_validate() -> None:
    training = plugged(batch_size="full", shuffle=False)
    assert training.validation is not None

    one, again, two = (next(iter(training.train_batches(epoch, 0)))[0] for epoch in (1, 1, 2))
    first, second = (next(iter(training.validation.batches))[0] for _ in range(2))

    assert torch.equal(one, again)
    assert not torch.equal(one, two)
    assert torch.equal(first, second)


def test_reading_items_leaves_the_models_generator_alone() -> None:
    training = plugged(batch_size=8)
    before = torch.get_rng_state()

    list(training.train_batches(1, 0))

    assert torch.equal(torch.get_rng_state(), before)


def test_what_a_data_set_draws_while_it_is_made_is_the_same_in_every_attempt() -> None:
    before = torch.get_rng_state()

    data: list[Any] = [opened(PluginData(name="odd")).items for _ in range(2)]
    drawn = {items.drawn for items in data}

    assert len(drawn) == 1
    assert torch.equal(torch.get_rng_state(), before)


def test_stopped_at_any_batch_it_ends_with_the_same_bits() -> None:
    job = {"params": {"points": 40}, "epochs": 3, "batch_size": 9, "model": {"type": "mlp", "dropout": 0.3}}
    whole = finish(plugged(**job), [])

    def interrupted(stop: int) -> dict[str, Any]:
        looks, epochs = count(), []

        def stop_requested(looks: Iterator[int] = looks) -> str | None:
            return "drain" if next(looks) == stop else None

        training = plugged(stop_requested=stop_requested, **job)
        with pytest.raises(StopRequested):
            finish(training, epochs)
        return finish(plugged(last=training.last_bytes(), **job), epochs)

    assert all(same(whole, interrupted(stop)) for stop in range(1, training_steps(job), 2))


def training_steps(job: dict[str, Any]) -> int:
    """Steps and looks of a job: so often a stop_requested is asked for."""
    return (plugged(**job).steps_per_epoch + 1) * job["epochs"]


@pytest.mark.parametrize(
    ("name", "fault", "words"),
    [
        ("odd", "init", "'odd' failed: ValueError: asked to fail"),
        ("odd", "exit", "'odd' failed: SystemExit: asked to leave"),
        ("odd", "len", r"'odd' failed at len\(\): LookupError: asked to fail"),
        ("odd", "item", "'odd' failed at item 0: OSError: no such picture"),
        ("odd", "ragged", "'odd' failed at item 0: ValueError"),
        ("odd", "text", "'odd' failed at item 0: TypeError"),
        ("odd", "no pair", "Item 0 of the plug-in 'odd' is a Tensor, not a pair"),
        ("odd", "nan", "Item 0 .* has a target with a number that is not finite"),
        ("odd", "infinite features", "Item 0 .* has features with a number that is not finite"),
        ("odd", "nothing", "Item 0 .* has features without a number"),
        ("odd", "table target", r"Item 0 .* has a target of the shape \[2, 2\]"),
        ("odd", "class beyond", "Item 0 .* has the target 3; must be a whole number from 0 to 2"),
        ("odd", "class between", "Item 0 .* has the target 0.5; must be a whole number from 0 to 2"),
        ("nowhere", "", "'nowhere' is not installed"),
        ("missing", "", "'missing' failed: ModuleNotFoundError"),
        ("no_dataset", None, "made a list, no torch.utils.data.Dataset"),
    ],
)
def test_what_goes_wrong_at_the_first_look_is_told(name: str, fault: str | None, words: str) -> None:
    params = {} if fault is None else {"fault": fault}

    with pytest.raises(PluginError, match=words):
        look(PluginData(name=name, params=params))


def test_a_data_set_without_items_is_told() -> None:
    with pytest.raises(PluginError, match="has no items"):
        look(PluginData(name="odd", params={"length": 0}))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("item", "failed at item 7: OSError: no such picture"),
        ("no pair", "Item 7 .* is a Tensor"),
        ("shape", r"Item 7 .* has features of the shape \[4\]; item 0 has \[3\]"),
        ("nan", "Item 7 .* has a target with a number that is not finite"),
        ("targets", "Item 7 .* has 2 targets; item 0 has 1"),
        ("class beyond", "Item 7 .* has the target 3"),
    ],
)
def test_what_goes_wrong_at_a_later_item_is_told_with_its_number(fault: str, words: str) -> None:
    training = plugged(name="odd", params={"fault": fault, "at": 7}, split="none", shuffle=False, batch_size=4)

    with pytest.raises(PluginError, match=words) as raised:
        list(training.fit())

    assert raised.value.members == {"plugin": "odd", "item": 7}
    assert training.progress.steps_done == 1


def test_the_first_item_says_what_the_columns_are() -> None:
    info, _ = look(PluginData(name="spirals", params={"points": 30}))
    pairs, _ = look(PluginData(name="pairs"))

    assert info.rows == 30
    assert info.columns == [
        Column("x", "tensor", shape=[2]),
        Column("y", "category", values=["left", "right"]),
    ]
    assert pairs.names == ["x", "y0", "y1"]


def test_another_version_of_the_package_is_told_as_changed_data(installed: Path) -> None:
    spec = PluginData(name="spirals")
    info, sha256 = look(spec)
    install(installed, version="1.1")

    with pytest.raises(DataChanged, match="'spirals' is installed in another version"):
        reopened(spec, info, sha256)


def test_another_length_is_told_as_changed_data(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = PluginData(name="odd")
    info, sha256 = look(spec)
    import odd

    monkeypatch.setattr(odd.Odd, "__len__", lambda _self: 11)

    with pytest.raises(DataChanged, match="has 11 items; it had 12 at the submit"):
        reopened(spec, info, sha256)


def test_other_classes_are_told_as_changed_data(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = PluginData(name="spirals")
    info, sha256 = look(spec)
    import spirals

    monkeypatch.setattr(spirals.Spirals, "classes", ["left", "middle", "right"])

    with pytest.raises(DataChanged, match="has other classes than at the submit"):
        reopened(spec, info, sha256)


def test_other_params_are_other_data() -> None:
    assert look(PluginData(name="spirals"))[1] != look(PluginData(name="spirals", params={"noise": 0.1}))[1]


@pytest.mark.parametrize("name", ["spirals", "pairs", "odd"])
def test_the_resolved_spec_resolves_to_itself(name: str) -> None:
    spec = resolved(name).spec
    again = JobSpec.model_validate(resolved_json(spec))
    info, _ = look(PluginData(name=name))

    assert (
        resolve(
            again, info, dataset=None, suggested_target=None, cuda_online=False, limits=LIMITS, measure=summary
        ).spec
        == again
    )
    assert spec.data.plugin == PluginData(name=name)
    assert (spec.data.scale, spec.data.target_scale) == ("none", "none")
