"""What each failure of a job teaches."""

from typing import Any

import pytest

from docs.generate import kinds
from services.failures import CLASSES, HINTS, explained
from services.training_errors import TrainingFault
from worker.exit_handling import VERDICTS

SPEC: dict[str, Any] = {"optimizer": {"type": "sgd", "lr": 0.3}, "batch_size": 64, "micro_batch_size": None}


@pytest.mark.parametrize(
    ("code", "spec", "suggestion"),
    [
        ("nonfinite_cost", {}, {"optimizer": {"lr": 0.03}}),
        (
            "nonfinite_cost",
            {"scheduler": {"type": "one_cycle", "max_lr": 5.0}},
            {"optimizer": {"lr": 0.03}, "scheduler": {"max_lr": 0.5}},
        ),
        ("out_of_memory_host", {}, {"batch_size": 32}),
        ("out_of_memory_gpu", {"micro_batch_size": 16}, {"micro_batch_size": 8}),
        ("out_of_memory_gpu", {"batch_size": "full"}, {"batch_size": "auto"}),
        ("out_of_memory_host", {"batch_size": 1}, None),
        ("data_unreadable", {}, None),
        ("worker_lost", {}, None),
    ],
)
def test_where_a_patch_would_help_it_is_suggested(
    code: str, spec: dict[str, Any], suggestion: dict[str, Any] | None
) -> None:
    found = explained({"code": code, "message": "It failed."}, SPEC | spec)

    assert found is not None
    assert found["suggestion"] == suggestion


@pytest.mark.parametrize("code", [*CLASSES])
def test_every_failure_has_a_class_and_only_the_machines_are_worth_trying_again_as_they_are(code: str) -> None:
    found = explained({"code": code, "message": "It failed.", "hint": None}, SPEC)

    assert found is not None
    assert found["class"] in {"user", "data", "resource", "infrastructure", "divergence", "stall"}
    assert found["retryable"] == (found["class"] == "infrastructure")


def test_every_code_that_can_end_a_job_has_a_class_and_a_hint() -> None:
    codes = {kind.code for kind in kinds(TrainingFault) if "code" in vars(kind)} | set(VERDICTS)

    assert codes <= set(CLASSES)
    assert set(CLASSES) - set(HINTS) == {"nonfinite_cost"}  # whose hint names the step size


def test_a_hint_that_the_failure_brought_stays() -> None:
    found = explained({"code": "crashed", "message": "It failed.", "hint": "Do this."}, SPEC)

    assert found is not None
    assert found["hint"] == "Do this."
