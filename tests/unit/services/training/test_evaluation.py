"""What is measured beside the training is what plain PyTorch comes to on the same rows."""

from typing import Any

import numpy as np
import pytest
import torch

from services.costs import EpochCosts
from services.training.loop.training import Training
from tests.make import make_training

JOB: dict[str, Any] = {
    "data": {"builtin": "iris"},
    "model": {"type": "mlp", "hidden": [16], "dropout": 0.5},
    "optimizer": {"type": "adamw", "lr": 0.02},
    "batch_size": 16,
    "epochs": 3,
    "early_stopping": False,
}


def measured(**validation: Any) -> tuple[Training, list[EpochCosts]]:
    """A training to the end and its epochs."""
    training = make_training(**JOB | {"validation": validation})
    return training, list(training.fit())


def test_training_rows_are_measured_in_eval_mode_after_the_epoch() -> None:
    training, epochs = measured(train_eval=True)
    rows = training.train_batches.loader.dataset  # type: ignore[union-attr]
    training.model.eval()
    with torch.no_grad():
        logits = training.model(rows.features)
    cost = torch.nn.functional.cross_entropy(logits, rows.targets).item()
    accuracy = (logits.argmax(1) == rows.targets).double().mean().item()

    last = epochs[-1].metrics

    assert last["train_eval_cost"] == pytest.approx(cost, rel=1e-6)
    assert last["train_accuracy"] == accuracy
    assert last["train_eval_cost"] < epochs[-1].train_cost  # without dropout, and after the epoch's last step


def test_measuring_the_training_rows_changes_no_bit_of_the_training() -> None:
    plain, without = measured()
    also, epochs = measured(train_eval=True)

    assert [e.train_cost for e in epochs] == [e.train_cost for e in without]
    assert [e.val_cost for e in epochs] == [e.val_cost for e in without]
    assert all(torch.equal(a, b) for a, b in zip(plain.model.parameters(), also.model.parameters(), strict=True))


def test_only_validated_epochs_measure_the_training_rows() -> None:
    _, epochs = measured(train_eval=True, every_epochs=2)

    assert ["train_eval_cost" in epoch.metrics for epoch in epochs] == [False, True, True]


def test_the_size_of_validation_batches_is_as_asked_and_the_mean_is_over_rows() -> None:
    whole, at_once = measured()
    parts, in_parts = measured(batch_size=7)
    assert parts.validation is not None
    assert whole.validation is not None

    assert [len(targets) for _, targets in parts.validation.batches] == [7, 7, 7, 7, 2]
    assert [len(targets) for _, targets in whole.validation.batches] == [30]
    assert np.allclose([e.val_cost for e in in_parts], [e.val_cost for e in at_once], rtol=1e-6)  # type: ignore[arg-type]


def test_without_validation_rows_the_training_rows_can_decide() -> None:
    training = make_training(**JOB | {"split": "none", "validation": {"train_eval": True}, "monitor": "train_accuracy"})
    first = next(training.fit())

    assert training.best.mode == "max"
    assert training.best.improved(first)
    assert training.best.value == first.metrics["train_accuracy"]
