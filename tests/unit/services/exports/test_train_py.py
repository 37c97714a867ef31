"""A bundle's train.py repeats a job's costs to the bit, where there is PyTorch and NumPy and nothing else."""

import json
from typing import Any

import pytest

from services.exports.bundle import files_of
from services.exports.scripts.repeatable import unrepeatable
from tests.export_cases import CASES
from tests.export_recipes import RECIPES
from tests.exported import changed


@pytest.mark.parametrize("name", [*CASES, *RECIPES])
def test_train_py_repeats_every_cost_and_the_weights_to_the_bit(name: str, ran: dict[str, Any]) -> None:
    subject, sha256 = ran[name].subject, ran[name].samples.predictor.weights_sha256

    assert json.loads(ran[name].trained.splitlines()[-1]) == {
        "train_cost": [epoch["train_cost"] for epoch in subject.epochs],
        "val_cost": [epoch["val_cost"] for epoch in subject.epochs],
        "weights_sha256": sha256,
    }


def test_the_recipes_take_both_kinds_of_steps_and_stop_early(ran: dict[str, Any]) -> None:
    assert {one.subject.environment["step"] for one in ran.values()} == {"plain", "traced"}
    assert ran["traced"].subject.stop_reason == "early_stopping"
    assert len(ran["traced"].subject.epochs) < 20
    assert None in [epoch["val_cost"] for epoch in ran["plateau"].subject.epochs]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"device": "cuda"}, "trained on cuda"),
        ({"precision": "bf16"}, "trained in bf16"),
        ({"micro_batch_size": 4}, "in parts"),
        ({"init_from": {"job": "job_a", "checkpoint": "best", "strict": True}}, "weights of another job"),
        ({"on_nonfinite": "skip_step"}, "left out steps"),
        ({"scheduler": {"type": "plateau"}, "monitor": {"metric": "val_mae", "mode": "min"}}, "followed val_mae"),
    ],
)
def test_a_job_that_one_script_can_not_repeat_says_why_in_one_sentence(
    parts: dict[str, object], words: str, ran: dict[str, Any]
) -> None:
    subject = ran["mixed"].subject
    other = changed(subject, spec=subject.spec | parts)
    tried = ran["mixed"].samples

    files = files_of(other, tried)

    assert "train.py" not in files
    assert words in str(unrepeatable(other, tried.train_rows))
    assert files["README.md"].decode().rstrip().endswith(str(unrepeatable(other, tried.train_rows)))


def test_weights_of_the_middle_of_an_epoch_and_changed_jobs_are_not_repeated(ran: dict[str, Any]) -> None:
    subject = ran["mixed"].subject
    rows = ran["mixed"].samples.train_rows
    smaller = {"what": "optimizer.lr", "before": 0.1, "after": 0.01, "why": "", "epoch": 3}

    assert unrepeatable(subject, rows) is None
    middle = changed(subject, checkpoint=subject.checkpoint | {"step": subject.checkpoint["step"] + 1})
    assert "middle of an epoch" in str(unrepeatable(middle, rows))
    assert "changed optimizer.lr" in str(unrepeatable(changed(subject, adjustments=[smaller]), rows))
