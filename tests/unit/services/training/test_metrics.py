"""Metrics are scikit-learn's, whatever the batches."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from sklearn import metrics as truth
from torch import Tensor

from services.specs.schema.metrics import AUTO_METRICS, MAXIMISED, METRICS, TABLES
from services.specs.schema.metrics import Metric as Name
from services.training.loop.metrics import metric

ROWS = 203
CLASSES = 4
OUTPUTS = {"binary": 1, "multiclass": CLASSES, "multilabel": 3, "regression": 2}
CLASSIFICATIONS = ["binary", "multiclass", "multilabel"]


def measured(name: str, task: str, predictions: Tensor, targets: Tensor) -> Any:
    """Return a metric over batches of 1, 2, 7, 64 rows and the rest."""
    grown = metric(name, task, predictions.shape[1]).fresh()
    for rows, right in zip(predictions.tensor_split([1, 3, 10, 74]), targets.tensor_split([1, 3, 10, 74]), strict=True):
        if len(rows):
            grown.update(rows, right)
    return grown.compute()


def example(task: str) -> tuple[Tensor, Tensor]:
    """Return predictions that know something of the targets, and the targets."""
    random = torch.Generator().manual_seed(7)
    noise = torch.randn(ROWS, OUTPUTS[task], generator=random)
    if task == "regression":
        values = torch.randn(ROWS, 2, generator=random).double() * 3 + 5
        return values + noise, values
    if task == "multiclass":
        targets = torch.randint(CLASSES, (ROWS,), generator=random)
        return noise + torch.nn.functional.one_hot(targets, CLASSES), targets
    labels = (torch.rand(ROWS, OUTPUTS[task], generator=random) < 0.4).float()
    return noise + labels - 0.5, labels


def perfect(task: str) -> tuple[Tensor, Tensor]:
    _, targets = example(task)
    if task == "regression":
        return targets.clone(), targets
    if task == "multiclass":
        return 200 * torch.nn.functional.one_hot(targets, CLASSES).float(), targets
    return 400 * (targets - 0.5), targets


def label_mean(score: Callable[[Any, Any], float], wanted: Any, found: Any) -> float:
    return float(np.mean([score(w, f) for w, f in zip(wanted.T, found.T, strict=True)]))


def log_loss(wanted: Any, probability: Any) -> float:
    return float(truth.log_loss(wanted, probability))


#: By task: the metric of the targets, the classes or labels found, the probabilities.
TRUTH: dict[str, dict[str, Callable[[Any, Any, Any], Any]]] = {
    "binary": {
        "accuracy": lambda w, f, p: truth.accuracy_score(w, f),
        "balanced_accuracy": lambda w, f, p: truth.balanced_accuracy_score(w, f),
        "f1": lambda w, f, p: truth.f1_score(w, f),
        "precision": lambda w, f, p: truth.precision_score(w, f),
        "recall": lambda w, f, p: truth.recall_score(w, f),
        "auroc": lambda w, f, p: truth.roc_auc_score(w, p),
        "average_precision": lambda w, f, p: truth.average_precision_score(w, p),
        "log_loss": lambda w, f, p: truth.log_loss(w, p),
        "confusion_matrix": lambda w, f, p: truth.confusion_matrix(w, f).tolist(),
    },
    "multiclass": {
        "accuracy": lambda w, f, p: truth.accuracy_score(w, f),
        "balanced_accuracy": lambda w, f, p: truth.balanced_accuracy_score(w, f),
        "f1": lambda w, f, p: truth.f1_score(w, f, average="macro"),
        "precision": lambda w, f, p: truth.precision_score(w, f, average="macro"),
        "recall": lambda w, f, p: truth.recall_score(w, f, average="macro"),
        "auroc": lambda w, f, p: truth.roc_auc_score(w, p, multi_class="ovr", average="macro"),
        "average_precision": lambda w, f, p: truth.average_precision_score(np.eye(CLASSES)[w], p, average="macro"),
        "log_loss": lambda w, f, p: truth.log_loss(w, p),
        "confusion_matrix": lambda w, f, p: truth.confusion_matrix(w, f).tolist(),
    },
    "multilabel": {
        "accuracy": lambda w, f, p: 1 - truth.hamming_loss(w, f),
        "balanced_accuracy": lambda w, f, p: label_mean(truth.balanced_accuracy_score, w, f),
        "f1": lambda w, f, p: truth.f1_score(w, f, average="macro"),
        "precision": lambda w, f, p: truth.precision_score(w, f, average="macro"),
        "recall": lambda w, f, p: truth.recall_score(w, f, average="macro"),
        "auroc": lambda w, f, p: truth.roc_auc_score(w, p, average="macro"),
        "average_precision": lambda w, f, p: truth.average_precision_score(w, p, average="macro"),
        "log_loss": lambda w, f, p: label_mean(log_loss, w, p),
        "confusion_matrix": lambda w, f, p: truth.multilabel_confusion_matrix(w, f).reshape(-1, 4).tolist(),
    },
}
NUMBERS = {
    "mae": truth.mean_absolute_error,
    "mse": truth.mean_squared_error,
    "rmse": truth.root_mean_squared_error,
    "r2": truth.r2_score,
    "mape": truth.mean_absolute_percentage_error,
}
BEST = {"log_loss": 0.0, "mae": 0.0, "mse": 0.0, "rmse": 0.0, "mape": 0.0}


@pytest.mark.parametrize(("task", "name"), [(task, name) for task in CLASSIFICATIONS for name in METRICS[task]])
def test_a_metric_of_a_classification_is_scikit_learns(task: str, name: str) -> None:
    predictions, targets = example(task)
    logits = predictions.double()
    if task == "multiclass":
        found, probabilities = logits.argmax(1), logits.softmax(1)
    else:
        found, probabilities = (logits > 0).long(), logits.sigmoid()
    if task == "binary":
        found, probabilities = found[:, 0], probabilities[:, 0]
    wanted = targets[:, 0] if task == "binary" else targets

    value = measured(name, task, predictions, targets)

    right = TRUTH[task][name](wanted.long().numpy(), found.numpy(), probabilities.numpy())
    np.testing.assert_allclose(value, right, rtol=1e-6)
    assert isinstance(value, float) is (name not in TABLES)


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("name", METRICS["regression"])
def test_a_metric_of_a_regression_is_scikit_learns(name: str, targets: int) -> None:
    predictions, wanted = (part[:, :targets] for part in example("regression"))

    value = measured(name, "regression", predictions, wanted)

    assert value == pytest.approx(NUMBERS[name](wanted.numpy(), predictions.numpy()), rel=1e-12)


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task in METRICS for name in METRICS[task] if name not in TABLES]
)
def test_perfect_predictions_have_the_best_value(task: str, name: str) -> None:
    assert measured(name, task, *perfect(task)) == pytest.approx(BEST.get(name, 1.0), abs=1e-12)


@pytest.mark.parametrize("task", ["binary", "multilabel"])
@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "f1", "precision", "recall", "auroc"])
def test_the_opposite_of_perfect_has_the_worst_value(task: str, name: str) -> None:
    logits, targets = perfect(task)

    assert measured(name, task, -logits, targets) == 0.0


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "f1", "precision", "recall"])
def test_always_the_next_class_has_the_worst_value(name: str) -> None:
    logits, targets = perfect("multiclass")

    assert measured(name, "multiclass", logits.roll(1, 1), targets) == 0.0


def test_log_loss_of_wrong_and_certain_predictions_is_their_logits() -> None:
    for task, certain in (("binary", 200.0), ("multilabel", 200.0)):
        logits, targets = perfect(task)
        assert measured("log_loss", task, -logits, targets) == pytest.approx(certain)
    logits, targets = perfect("multiclass")
    assert measured("log_loss", "multiclass", logits.roll(1, 1), targets) == pytest.approx(200)


def test_r2_far_from_zero_keeps_its_digits() -> None:
    predictions, targets = (part + 1e6 for part in example("regression"))

    value = measured("r2", "regression", predictions, targets)

    assert value == pytest.approx(truth.r2_score(targets.numpy(), predictions.numpy()), abs=1e-9)


def test_r2_keeps_its_digits_where_the_first_row_is_odd() -> None:
    predictions, targets = example("regression")
    predictions[0] = targets[0] = 1e6

    value = measured("r2", "regression", predictions, targets)

    assert 1 - value == pytest.approx(
        1 - truth.r2_score(targets.double().numpy(), predictions.double().numpy()), rel=1e-9
    )


def test_accuracy_counts_more_rows_than_float32_can() -> None:
    logits, targets = torch.ones(1 << 20, 1), torch.ones(1 << 20, 1)
    grown = metric("accuracy", "binary", 1)
    for _ in range(17):
        grown.update(logits, targets)
    grown.update(-logits[:1], targets[:1])

    assert grown.compute() == 17 * 2**20 / (17 * 2**20 + 1) < 1


def test_mape_of_targets_at_and_near_zero_is_scikit_learns() -> None:
    predictions, targets = example("regression")
    targets[5], targets[6], targets[7] = 0.0, 1e-300, -1e-9

    right = truth.mean_absolute_percentage_error(targets.numpy(), predictions.numpy())
    assert measured("mape", "regression", predictions, targets) == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("name", ["auroc", "average_precision"])
def test_large_logits_keep_their_order(name: str) -> None:
    logits, targets = example("binary")

    assert measured(name, "binary", logits + 25, targets) == pytest.approx(measured(name, "binary", logits, targets))


@pytest.mark.parametrize("task", CLASSIFICATIONS)
def test_logits_between_0_and_1_are_not_taken_for_probabilities(task: str) -> None:
    logits, targets = example(task)
    logits = logits.sigmoid() if task == "multiclass" else (logits.sigmoid() - 0.5).abs()

    for name in METRICS[task]:
        whole = metric(name, task, OUTPUTS[task])
        whole.update(torch.cat([logits, -9 * logits]), torch.cat([targets, targets]))
        parts = metric(name, task, OUTPUTS[task])
        parts.update(logits, targets)
        parts.update(-9 * logits, targets)
        np.testing.assert_allclose(parts.compute(), whole.compute(), rtol=1e-6)


@pytest.mark.parametrize(("task", "name"), [(task, name) for task in METRICS for name in METRICS[task]])
def test_a_fresh_metric_has_seen_nothing(task: str, name: str) -> None:
    predictions, targets = example(task)
    old = metric(name, task, OUTPUTS[task])
    old.update(predictions[:150].flip(1) * 3, targets[:150])
    new = old.fresh()
    new.update(predictions, targets)

    np.testing.assert_allclose(new.compute(), measured(name, task, predictions, targets), rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("task", CLASSIFICATIONS)
def test_predictions_of_half_precision_are_taken(task: str, dtype: torch.dtype) -> None:
    predictions, targets = example(task)

    for name in METRICS[task]:
        half = predictions.to(dtype)
        value, right = measured(name, task, half, targets), measured(name, task, half.float(), targets)
        np.testing.assert_allclose(value, right, rtol=1e-12)


def test_the_words_of_a_spec_hang_together() -> None:
    names = set(get_args(Name))

    assert {name for task in METRICS for name in METRICS[task]} == names
    assert set(BEST) | TABLES == names - MAXIMISED
    assert all(set(AUTO_METRICS[task]) <= set(METRICS[task]) - TABLES for task in METRICS)
    assert set(AUTO_METRICS) == set(METRICS)


def test_torchmetrics_is_loaded_for_what_needs_it_and_torch_not_for_the_words() -> None:
    code = """
import sys
import services.specs.schema.metrics
assert "torch" not in sys.modules
from services.training.loop.metrics import metric
for name in ("accuracy", "f1", "log_loss", "confusion_matrix"):
    metric(name, "multiclass", 3)
metric("r2", "regression", 1)
assert "torchmetrics" not in sys.modules
metric("auroc", "binary", 1)
assert "torchmetrics" not in sys.modules
metric("average_precision", "binary", 1)
assert "torchmetrics" in sys.modules
"""

    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[4])
