"""What is said of a finished training's result."""

from types import SimpleNamespace
from typing import Any

import pytest

from services.attempts.verdict import result_warnings
from tests.make import make_spec

SPEC = make_spec()[0]
ONE = {"predicts": "mean", "split": "validation", "rows": 3, "cost": 1.0, "metric": "val_cost", "value": 1.0}


def codes(best: float | None, last: dict[str, Any], baseline: Any = ONE, **spec: Any) -> list[str]:
    """Return the codes of what is said of a result."""
    chosen = make_spec(**spec)[0] if spec else SPEC
    epoch = None if best is None else 2
    result: Any = SimpleNamespace(best=SimpleNamespace(epoch=epoch, value=best), baseline=baseline, warnings=[])
    return [warning["code"] for warning in result_warnings(chosen, result, last)]


@pytest.mark.parametrize(
    ("best", "last", "said"),
    [
        (0.2, {"train_cost": 0.1, "val_cost": 0.2}, []),
        (1.0, {"train_cost": 0.1, "val_cost": 1.2}, ["no_better_than_baseline"]),
        (5e30, {"train_cost": 6e30, "val_cost": 5e30}, ["diverged"]),
        (0.9, {"train_cost": 4e9, "val_cost": 0.9}, ["diverged"]),
        (0.9, {"train_cost": None, "val_cost": None}, ["diverged"]),
        (0.9, {"train_cost": 0.5, "val_cost": None}, []),
        (None, {"train_cost": 0.5}, ["no_best_epoch"]),
    ],
    ids=["good", "like the mean", "exploded", "exploded later", "not finite", "not validated", "no best"],
)
def test_a_result_is_told_what_it_is_worth(best: float | None, last: dict[str, Any], said: list[str]) -> None:
    assert codes(best, last) == said


def test_a_likelihood_of_zero_is_no_explosion_away_from_ten() -> None:
    assert codes(0.1, {"train_cost": 9.0}, ONE | {"cost": 0.01, "value": 0.01}, loss="gaussian_nll") == [
        "no_better_than_baseline"
    ]


def test_a_metric_that_rises_has_to_be_above_the_baseline() -> None:
    labels = {"x": [[float(n)] for n in range(40)], "y": ["ab"[n % 2] for n in range(40)]}
    majority = ONE | {"metric": "val_accuracy", "value": 0.6}
    monitored = {"data": labels, "metrics": ["accuracy"], "monitor": "val_accuracy"}

    assert codes(0.7, {"train_cost": 0.6, "val_cost": 1.3}, majority, **monitored) == []
    assert codes(0.6, {"train_cost": 0.6, "val_cost": 1.3}, majority, **monitored) == ["no_better_than_baseline"]


def test_without_a_baseline_nothing_is_compared() -> None:
    assert codes(7.0, {"train_cost": 7.0, "val_cost": 7.0}, None) == []
