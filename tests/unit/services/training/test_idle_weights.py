"""Where no row of a part weighs anything, its cost is no number: the job ends before it has trained for nothing."""

import numpy as np
import pytest

from services.columns import Column, TableInfo
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.schema.job import JobSpec
from services.training.build import build
from services.training.loop.training import Training
from services.training.model_summary import summary
from services.training_errors import NoBestEpoch, TrainingFailed

COLUMNS = [
    Column("a", "number", min=0.0, max=9.0),
    Column("w", "number", min=0.0, max=1.0, values=[0, 1], counts=[10, 40], whole=True),
    Column("part", "category", values=["train", "validation"], counts=[40, 10]),
    Column("y", "number", min=0.0, max=9.0),
]


def built(train_weight: float, validation_weight: float, monitor: str = "val_cost") -> Training:
    """Build the training of 40 rows that train and 10 that validate."""
    part = np.repeat([0, 1], [40, 10])
    a = np.arange(50) % 9
    table = np.stack([a, np.where(part, validation_weight, train_weight), part, 2 * a], 1).astype("f4")
    spec = JobSpec.model_validate(
        {
            "data": {"builtin": "iris", "target": "y", "weight": "w", "features": ["a"]},
            "split": {"type": "column", "column": "part"},
            "model": "linear",
            "monitor": monitor,
        }
    )
    info, limits = TableInfo(50, COLUMNS), Limits(epochs=1000, parameters=100)
    found = resolve(spec, Facts(info, limits, ModelSizes(summary)))
    return build(found.spec, info, table, last=None, stop_requested=lambda: None)


def test_without_weight_in_the_validation_rows_no_epoch_can_be_the_best() -> None:
    with pytest.raises(NoBestEpoch, match="no validation row has a weight above 0") as failed:
        built(1.0, 0.0)
    assert failed.value.members["pointer"] == "#/data/weight"


def test_who_does_not_look_at_the_validation_rows_may_train() -> None:
    assert built(1.0, 0.0, monitor="train_cost").steps_per_epoch > 0


def test_without_weight_in_the_training_rows_there_is_nothing_to_learn_from() -> None:
    with pytest.raises(TrainingFailed, match="no training row has a weight above 0"):
        built(0.0, 1.0)


def test_one_weight_above_zero_in_each_part_is_enough() -> None:
    assert built(0.5, 0.5).steps_per_epoch > 0
