"""A target that can't be learnt is refused with how to upload it so that it can."""

from typing import Any

import pytest

from services.columns import Column, TableInfo
from services.errors import Fault, InvalidRequest
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.schema.job import JobSpec
from services.training.model_summary import summary

DAYS = Column("y", "datetime", min=0.0, max=2.0, origin=0.0, whole=True)
IDS = Column("y", "number", min=9e17, max=9.1e17, whole=True)
MANY = Column("y", "number", min=0.0, max=1.0)
COUNTRY = Column("y", "category", missing=20, first_missing=0, values=["DE", "US"], counts=[20, 20])
AGE = Column("y", "number", missing=20, first_missing=0, min=0.0, max=9.0)


def refused(target: Column, **keys: Any) -> Fault:
    info = TableInfo(60, [Column("a", "number", min=0.0, max=9.0), target])
    spec = JobSpec.model_validate({"data": {"builtin": "iris", "target": "y"}, "model": "linear", **keys})
    limits = Limits(epochs=1000, parameters=1000)
    with pytest.raises(InvalidRequest) as found:
        resolve(spec, Facts(info, limits, ModelSizes(summary)))
    return found.value.faults[0]


@pytest.mark.parametrize(
    ("target", "keys", "hint"),
    [
        (DAYS, {}, "?columns[y]=category"),
        (IDS, {"task": "multiclass"}, "?columns[y]=category"),
        (COUNTRY, {}, "?na_values="),
    ],
    ids=["dates", "numbers that are rounded", "NA that is a country"],
)
def test_the_hint_says_how_to_upload_it(target: Column, keys: dict[str, Any], hint: str) -> None:
    assert hint in str(refused(target, **keys).hint)


def test_numbers_that_are_no_names_are_not_taken_for_such() -> None:
    assert refused(MANY, task="multiclass").hint is None
    assert "na_values" not in str(refused(AGE).hint)
