"""Where a metric has no value it is NaN, without a word."""

import math

import pytest
import torch
from sklearn import metrics as truth

from tests.unit.services.training.test_metrics import CLASSES, CLASSIFICATIONS, example, measured, perfect


@pytest.mark.parametrize("name", ["balanced_accuracy", "f1", "precision", "recall", "auroc", "average_precision"])
def test_a_class_or_label_without_rows_makes_nan(name: str) -> None:
    logits, classes = example("multiclass")
    label_logits, labels = example("multilabel")
    rare = labels.clone()
    rare[:, 1] = 0

    assert math.isnan(measured(name, "multiclass", logits, classes.clamp(max=CLASSES - 2)))
    assert math.isnan(measured(name, "multilabel", label_logits, rare))
    assert math.isnan(measured(name, "binary", label_logits[:, 1:2], rare[:, 1:2]))


@pytest.mark.parametrize("name", ["balanced_accuracy", "auroc", "average_precision"])
def test_a_binary_task_with_positive_rows_only_makes_nan_where_negative_ones_count(name: str) -> None:
    logits, targets = example("binary")

    assert math.isnan(measured(name, "binary", logits, torch.ones_like(targets)))


def test_a_class_that_is_never_predicted_has_precision_and_f1_zero() -> None:
    logits, targets = perfect("multiclass")
    logits[:, 0] = -1.0
    found = logits.argmax(1).numpy()

    for name, score in (("precision", truth.precision_score), ("f1", truth.f1_score)):
        value = score(targets.numpy(), found, average="macro", zero_division=0)
        assert measured(name, "multiclass", logits, targets) == pytest.approx(value)


def test_r2_of_targets_that_do_not_vary_is_nan() -> None:
    predictions, targets = example("regression")
    targets[:, 1] = 0.1

    assert math.isnan(measured("r2", "regression", predictions, targets))
    assert math.isnan(measured("r2", "regression", predictions[:1], targets[:1]))


@pytest.mark.parametrize("name", ["auroc", "average_precision", "log_loss"])
@pytest.mark.parametrize("task", CLASSIFICATIONS)
def test_predictions_that_are_no_numbers_make_nan(task: str, name: str) -> None:
    predictions, targets = example(task)
    predictions[17] = math.nan

    assert math.isnan(measured(name, task, predictions, targets))
