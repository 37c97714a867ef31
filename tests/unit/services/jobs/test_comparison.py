"""Jobs side by side: only what differs, and which is best."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from services.jobs.comparison import compare
from services.jobs.job_views import JobView


def job(lr: float, best: float | None, **more: Any) -> JobView:
    """A job that differs in its learning rate and in what came of it."""
    spec = {
        "optimizer": {"type": "adamw", "lr": lr},
        "epochs": 5,
        "monitor": {"metric": more.pop("metric", "val_cost"), "mode": "min"},
        **more,
    }
    began = datetime(2026, 1, 1, tzinfo=UTC)
    found = SimpleNamespace(
        spec=spec,
        training=SimpleNamespace(best=SimpleNamespace(value=best), latest=None, epochs_done=5),
        model_summary={"parameters": 10},
        times=SimpleNamespace(started_at=began, finished_at=began),
    )
    return cast(JobView, found)


def test_only_what_differs_is_shown_under_the_name_that_a_user_writes() -> None:
    found = compare([job(0.1, 1.0), job(0.01, 0.5)])

    assert [(line.name, line.values) for line in found.differing] == [("optimizer.lr", [0.1, 0.01])]
    assert "epochs" in {line.name for line in found.equal}


def test_a_parameter_that_one_job_lacks_differs() -> None:
    found = compare([job(0.1, 1.0), job(0.1, 1.0, dropout=0.2)])

    assert [(line.name, line.values) for line in found.differing] == [("dropout", [None, 0.2])]


def test_the_best_is_the_least_cost_but_the_largest_accuracy() -> None:
    costs = compare([job(0.1, 1.0), job(0.1, 0.5), job(0.1, None)]).results[0]
    shares = compare([job(0.1, 0.9, metric="val_accuracy"), job(0.1, 0.5, metric="val_accuracy")]).results[0]

    assert (costs.name, costs.mode, costs.best) == ("best val_cost", "min", 1)
    assert (shares.name, shares.mode, shares.best) == ("best val_accuracy", "max", 0)


def test_among_equals_none_is_best() -> None:
    assert compare([job(0.1, 0.5), job(0.2, 0.5)]).results[0].best is None
