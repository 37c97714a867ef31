"""What goes with tables only is refused of a plug-in's items, and the rest is resolved without reading them."""

from dataclasses import replace
from typing import Any

import pytest

from services.columns import Column, TableInfo
from services.errors import InvalidRequest
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.resolve.resolved import Resolved
from services.specs.schema.job import JobSpec
from services.training.model_summary import summary

PICTURE = Column("x", "tensor", shape=[1, 8, 8])
NUMBERS = TableInfo(100, [PICTURE, Column("y", "number")])
DIGITS = TableInfo(100, [PICTURE, Column("y", "category", values=["0", "1", "2"])])
LABELS = TableInfo(100, [PICTURE, Column("y0", "boolean", values=[False, True]), Column("y1", "boolean")])


def resolved(info: TableInfo = NUMBERS, data: dict[str, Any] | None = None, **keys: Any) -> Resolved:
    given = {"data": {"plugin": {"name": "own"}, **(data or {})}, "model": "cnn", **keys}
    limits = Limits(epochs=1000, parameters=100_000)
    spec = JobSpec.model_validate(given)
    return resolve(spec, Facts(info, limits, ModelSizes(summary)))


@pytest.mark.parametrize(
    ("info", "task", "loss", "outputs"),
    [
        (NUMBERS, "regression", "mse", 1),
        (DIGITS, "multiclass", "cross_entropy", 3),
        (LABELS, "multilabel", "bce_with_logits", 2),
    ],
    ids=["numbers", "classes", "labels"],
)
def test_the_task_and_the_shapes_follow_from_the_first_item(info: TableInfo, task: str, loss: str, outputs: int):
    found = resolved(info)

    assert (found.spec.task, found.spec.loss.type) == (task, loss)
    assert found.model_summary["input_shape"] == [1, 8, 8]
    assert found.model_summary["output_shape"] == [outputs]
    assert found.spec.split.stratify is False
    many = resolved(replace(info, rows=4_000_000), batch_size=25)
    assert many.estimate["memory_bytes"] < 300 << 20  # of 1 GB of items, one batch at a time


@pytest.mark.parametrize(
    ("keys", "pointer"),
    [
        ({"data": {"target": "x"}}, "#/data/target"),
        ({"data": {"features": ["y"]}}, "#/data/features"),
        ({"data": {"weight": "y"}}, "#/data/weight"),
        ({"data": {"columns": {"x": {"type": "tensor", "shape": [64]}}}}, "#/data/columns"),
        ({"data": {"scale": "minmax"}}, "#/data/scale"),
        ({"data": {"target_scale": "standard"}}, "#/data/target_scale"),
        ({"split": {"type": "time", "column": "y"}}, "#/split"),
        ({"split": {"type": "random", "stratify": True}}, "#/split/stratify"),
        ({"info": DIGITS, "loss": {"type": "cross_entropy", "class_weight": "balanced"}}, "#/loss/class_weight"),
        ({"loss": "cross_entropy"}, "#/loss"),
        ({"task": "multiclass"}, "#/task"),
        ({"info": DIGITS, "loss": "mse"}, "#/data/target"),
    ],
)
def test_what_goes_with_tables_only_is_refused(keys, pointer):
    with pytest.raises(InvalidRequest) as refused:
        resolved(**keys)

    assert refused.value.faults[0].pointer == pointer


def test_the_column_names_of_an_echoed_spec_are_taken_again():
    spec = resolved(data={"target": "y", "features": ["x"], "scale": "none", "target_scale": "none"}).spec

    assert (spec.data.features, spec.data.target) == (["x"], "y")
