"""A split that is asked for is made or refused; only the default depends on how many rows there are."""

from typing import Any

import pytest

from services.columns import Column, TableInfo
from services.errors import InvalidRequest
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.resolve.features import parts
from services.specs.resolve.resolved import Resolved, resolved_json
from services.specs.schema.job import JobSpec
from services.training.model_summary import summary

COLUMNS = [Column("age", "number", min=0.0, max=9.0), Column("price", "number", min=0.0, max=9.0)]


def resolved(rows: int, **keys: Any) -> Resolved:
    spec = JobSpec.model_validate({"data": {"builtin": "iris", "target": "price"}, "model": "linear", **keys})
    info = TableInfo(rows, COLUMNS)
    limits = Limits(epochs=1000, parameters=1000)
    return resolve(spec, Facts(info, limits, ModelSizes(summary)))


def told(found: Resolved) -> set[str]:
    return {warning["code"] for warning in found.warnings}


def test_a_few_rows_all_train_by_default_and_it_is_said():
    found = resolved(9)
    assert found.spec.split.type == "none"
    assert "split_left_out" in told(found)


@pytest.mark.parametrize(
    ("rows", "split", "train_validation_test"),
    [
        (8, {"type": "random", "validation": 0.25}, (6, 2, 0)),
        (8, {"type": "random", "validation": 2, "test": 1}, (5, 2, 1)),
        (2, {"type": "random"}, (1, 1, 0)),
        (10, None, (8, 2, 0)),
    ],
)
def test_a_split_that_is_asked_for_is_made(rows, split, train_validation_test):
    found = resolved(rows, **({"split": split} if split else {}))
    assert parts(found.spec, TableInfo(rows, COLUMNS)) == train_validation_test
    assert not told(found) & {"split_left_out", "no_validation_split"}


def test_a_split_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(InvalidRequest) as refused:
        resolved(3, split={"type": "random", "validation": 3})
    assert refused.value.faults[0].pointer == "#/split/validation"


def test_no_split_stays_none_when_it_is_resolved_again():
    again = resolved(9, split=resolved_json(resolved(9).spec)["split"])
    assert again.spec.split.type == "none"
    assert "split_left_out" not in told(again)
