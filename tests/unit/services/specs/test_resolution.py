"""A resolved spec says everything, and resolving it again changes nothing."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.columns import Column, TableInfo
from services.errors import Fault, InvalidRequest
from services.jobs import resolution
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes, StartingWeights
from services.specs.resolve.features import parts
from services.specs.resolve.resolved import Resolved, resolved_json
from services.specs.schema.checkpoints import InitFrom
from services.specs.schema.job import JobSpec
from services.training.model_summary import shapes, summary

NUMBERS = [Column(name, "number", min=0.0, max=9.0) for name in ("length", "width")]
SPECIES = Column("species", "category", values=["a", "b", "c"], counts=[50, 50, 50])
GRADE = Column("grade", "number", min=0.0, max=1.0, values=[0, 1], counts=[70, 80], whole=True)
PRICE = Column("price", "number", min=0.0, max=900.0)
TABLE = TableInfo(150, [*NUMBERS, SPECIES, GRADE, PRICE])


def resolved(info: TableInfo = TABLE, cuda: bool = False, target: str = "species", **keys: Any) -> Resolved:
    spec = JobSpec.model_validate({"data": {"builtin": "iris", "target": target}, "model": "mlp", **keys})
    limits = Limits(epochs=1000, parameters=100_000)
    return resolve(spec, Facts(info, limits, ModelSizes(summary), memory={"cuda": None} if cuda else {}))


def codes(found: Resolved) -> set[str]:
    return {warning["code"] for warning in found.warnings}


@pytest.mark.parametrize(
    ("keys", "task", "loss"),
    [
        ({"target": "species"}, "multiclass", "cross_entropy"),
        ({"target": "grade"}, "binary", "bce_with_logits"),
        ({"target": "grade", "loss": "mse"}, "regression", "mse"),
        ({"target": "price"}, "regression", "mse"),
    ],
)
def test_the_task_follows_from_the_loss_or_the_target(keys, task, loss):
    spec = resolved(**keys).spec
    assert (spec.task, spec.loss.type) == (task, loss)


def test_guessing_classes_from_whole_numbers_is_said():
    assert "task_guessed" in codes(resolved(target="grade"))


@pytest.mark.parametrize(
    ("keys", "pointer"),
    [
        ({"target": "Species"}, "#/data/target"),
        ({"data": {"builtin": "iris", "target": "species", "features": ["lenght"]}}, "#/data/features/0"),
        ({"data": {"builtin": "iris", "target": "species", "features": ["species"]}}, "#/data/features/0"),
        ({"split": {"type": "column", "column": "nowhere"}}, "#/split/column"),
        ({"task": "regression", "loss": "cross_entropy"}, "#/loss"),
        ({"metrics": ["r2"]}, "#/metrics/0"),
        ({"monitor": "val_r2"}, "#/monitor/metric"),
        ({"monitor": "train_accuracy"}, "#/monitor/metric"),
        ({"batch_size": 121}, "#/batch_size"),
        ({"epochs": 1001}, "#/epochs"),
        ({"model": {"type": "mlp", "hidden": [5000, 5000]}}, "#/model"),
    ],
)
def test_what_does_not_fit_the_columns_is_told_at_its_place(keys, pointer):
    with pytest.raises(InvalidRequest) as caught:
        resolved(**keys)
    assert pointer in {fault.pointer for fault in caught.value.faults}


def test_a_missing_value_in_a_target_is_named_and_one_in_a_feature_is_filled():
    length = Column("length", "number", missing=1, first_missing=6)
    gap = TableInfo(150, [length, SPECIES])
    assert resolved(gap).spec.data.inputs == ["length"]
    with pytest.raises(InvalidRequest) as caught:
        resolved(gap, data={"builtin": "iris", "target": "length", "features": ["species"]}, task="regression")
    fault = caught.value.faults[0]
    assert (fault.code, (fault.location or {})["column"]) == ("missing_values", "length")


def test_a_last_batch_of_one_row_is_left_out_where_batch_norm_would_fail():
    model = {"type": "mlp", "norm": "batch"}
    found = resolved(model=model, batch_size=17, split={"type": "none"})
    assert (found.spec.drop_last, "last_batch_dropped" in codes(found)) == (False, False)
    alone = resolved(model=model, batch_size=149, split={"type": "none"})
    assert (alone.spec.drop_last, "last_batch_dropped" in codes(alone)) == (True, True)


def test_without_validation_rows_the_training_cost_is_watched():
    found = resolved(split={"type": "none"})
    assert (found.spec.monitor.metric, found.spec.early_stopping) == ("train_cost", False)
    assert "no_validation_split" in codes(found)


@pytest.mark.parametrize(("metric", "mode"), [("val_cost", "min"), ("val_accuracy", "max"), ("train_cost", "min")])
def test_whether_small_or_large_is_good_follows_from_the_metric(metric, mode):
    assert resolved(monitor=metric).spec.monitor.mode == mode


def test_a_gpu_that_nobody_offers_is_waited_for():
    assert "no_worker_for_device" in codes(resolved(device="cuda"))
    assert resolved(cuda=True).spec.device == "cuda"


def test_every_class_validates_with_the_same_share():
    uneven = TableInfo(37, [*NUMBERS, Column("species", "category", values=["a", "b"], counts=[30, 7])])
    assert parts(resolved(uneven).spec, uneven) == (37 - 6 - 1, 6 + 1, 0)


def test_the_iris_mlp_has_the_parameters_and_steps_of_the_formula():
    features = ["length", "width", "grade", "price"]
    model = {"type": "mlp", "hidden": [64, 64], "number_embedding": None}
    found = resolved(data={"builtin": "iris", "target": "species", "features": features}, model=model)
    assert found.model_summary["parameters"] == (4 * 64 + 64) + (64 * 64 + 64) + (64 * 3 + 3)
    assert found.estimate["steps_per_epoch"] == 15


@settings(deadline=None, max_examples=100)
@given(
    target=some.sampled_from(["species", "grade", "price"]),
    keys=some.fixed_dictionaries(
        {},
        optional={
            "model": some.sampled_from(["linear", "mlp", {"type": "mlp", "hidden": [3], "dropout": 0.5}]),
            "optimizer": some.sampled_from(["sgd", "adam", "adamw"]),
            "split": some.sampled_from([{"type": "none"}, {"validation": 0.5}, {"stratify": False}]),
            "batch_size": some.sampled_from(["auto", "full", 1, 50]),
            "drop_last": some.booleans(),
            "early_stopping": some.sampled_from([False, {"patience": 3}]),
            "seed": some.none() | some.integers(0, 2**32 - 1),
            "epochs": some.integers(1, 1000),
        },
    ),
    cuda=some.booleans(),
)
def test_resolving_again_changes_nothing(target, keys, cuda):
    if "split" in keys:
        keys["split"] = {"type": "random", **keys["split"]}
    first = resolved(target=target, cuda=cuda, **keys).spec
    echo = JobSpec.model_validate(resolved_json(first))
    limits = Limits(epochs=1000, parameters=100_000)
    again = resolve(echo, Facts(TABLE, limits, ModelSizes(summary), memory={} if cuda else {"cuda": None}))
    assert resolved_json(again.spec) == resolved_json(first)


NAMES = Column("name", "category", values=[f"n{n:03}" for n in range(150)], counts=[1] * 150)
RUN = Column("id", "number", min=1.0, max=150.0, mean=75.5, whole=True, values=[*range(1, 151)], counts=[1] * 150)


@pytest.mark.parametrize("column", [NAMES, RUN, replace(RUN, values=None, counts=None)], ids=["texts", "run", "long"])
def test_a_column_that_only_names_the_rows_is_no_feature_unless_it_is_asked_for(column):
    table = TableInfo(150, [column, *NUMBERS, SPECIES])
    found = resolved(table)
    assert found.spec.data.inputs == ["length", "width"]
    assert "column_left_out" in codes(found)
    named = {"builtin": "iris", "target": "species", "features": [column.name, "length"]}
    assert resolved(table, data=named).spec.data.inputs == [column.name, "length"]


@pytest.mark.parametrize(
    "column",
    [
        replace(RUN, max=151.0),
        replace(RUN, missing=1),
        replace(RUN, values=[1, 150], counts=[75, 75]),
        replace(RUN, values=None, counts=None, mean=70.0),
    ],
    ids=["a gap", "a missing one", "twice", "twice, of many"],
)
def test_numbers_that_are_no_run_without_gaps_are_features(column):
    assert "id" in resolved(TableInfo(150, [column, *NUMBERS, SPECIES])).spec.data.inputs


def test_the_only_column_there_is_is_learnt_from():
    assert resolved(TableInfo(150, [RUN, SPECIES])).spec.data.inputs == ["id"]


def test_inline_numbers_in_a_run_are_learnt_from():
    x = [[n, n % 3] for n in range(150)]
    table = TableInfo(150, [replace(RUN, name="x0"), replace(PRICE, name="x1"), replace(SPECIES, name="y")])
    data = {"x": x, "y": ["a", "b", "c"] * 50}
    assert resolved(table, data=data).spec.data.inputs == ["x0", "x1"]


def test_more_checkpoints_than_are_kept_are_refused_with_what_would_do():
    with pytest.raises(InvalidRequest) as caught:
        resolved(epochs=1_000, checkpoint={"every_epochs": 1, "keep_best": 5})
    (fault,) = caught.value.faults
    assert (fault.pointer, fault.code) == ("#/checkpoint/every_epochs", "out_of_range")
    assert resolved(epochs=1_000, checkpoint={"every_epochs": fault.suggestion, "keep_best": 5})


def test_checkpoints_that_take_much_of_the_database_are_warned_of(monkeypatch):
    monkeypatch.setattr(resolution, "LARGE_CHECKPOINTS", 2**20)
    assert "checkpoints_large" in codes(resolved(epochs=100, model="mlp", checkpoint={"every_epochs": 5}))
    assert "checkpoints_large" not in codes(resolved(epochs=100, model="linear"))


def test_what_was_wrong_with_the_facts_is_told_with_what_is_wrong_with_the_spec() -> None:
    limits, sizes = Limits(epochs=1000, parameters=100_000), ModelSizes(summary)
    unknown = Fault("#/init_from/job", "unknown_value", "there is no job 'x'")
    spec = JobSpec.model_validate({"data": {"builtin": "iris", "target": "specis"}, "model": "mlp", "epochs": 1001})

    with pytest.raises(InvalidRequest) as without_data:
        resolve(spec, Facts(None, limits, sizes, faults=[unknown]))
    with pytest.raises(InvalidRequest) as with_data:
        resolve(spec, Facts(TABLE, limits, sizes, faults=[unknown]))

    assert [fault.pointer for fault in without_data.value.faults] == ["#/init_from/job", "#/epochs"]
    assert [fault.pointer for fault in with_data.value.faults] == ["#/init_from/job", "#/epochs", "#/data/target"]


def test_the_weights_of_another_job_are_at_fault_together_with_the_schedule() -> None:
    limits, sizes = Limits(epochs=1000, parameters=100_000), ModelSizes(summary, shapes)
    other = resolved(model={"type": "mlp", "hidden": [3]}).spec
    start = StartingWeights(InitFrom(job="job_1", checkpoint="ckpt_1"), other, TABLE)
    scheduler = {"type": "onecycle", "max_lr": 0.1, "pct_start": 0.05}
    keys = {"model": {"type": "mlp", "hidden": [4]}, "epochs": 2, "batch_size": 12, "scheduler": scheduler}
    spec = JobSpec.model_validate({"data": {"builtin": "iris", "target": "species"}, **keys, "init_from": {"job": "a"}})

    with pytest.raises(InvalidRequest) as refused:
        resolve(spec, Facts(TABLE, limits, sizes, start=start))

    assert {fault.pointer for fault in refused.value.faults} == {"#/scheduler/pct_start", "#/init_from"}
