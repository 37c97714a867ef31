"""The cost of the same answer for every row is what scikit-learn's dummies come to on the same rows."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error
from torch.nn import functional

from services.training.input.split import split
from services.training.loop.training import Training
from tests.make import make_spec, make_training

R = random.Random(3)
X = [[R.gauss(0, 1), R.gauss(0, 1)] for _ in range(90)]
NUMBERS = [3.0 * a - b + 10 for a, b in X]
LETTERS = ["abc"[min(2, int(abs(a) * 2))] for a, _ in X]


def parts_of(column: list[Any], **spec: Any) -> tuple[Training, np.ndarray, np.ndarray]:
    """Return a training, and the targets of its training and validation rows as they were given."""
    data = {"x": X, "y": column}
    resolved, info, table = make_spec(data=data, **spec)
    parts = split(resolved, info, table)
    values = np.asarray(column)
    return make_training(data=data, **spec), values[parts.train], values[parts.validation]


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_of_numbers_it_is_that_of_the_training_mean(loss: str) -> None:
    training, train, validation = parts_of(NUMBERS, loss=loss)
    dummy = DummyRegressor(strategy="mean").fit(np.zeros((len(train), 1)), train)
    score = {"mse": mean_squared_error, "l1": mean_absolute_error}[loss]
    scale = train.std() if loss == "l1" else train.var()  # the loss compares standardized targets

    assert training.baseline is not None
    assert training.baseline["predicts"] == "mean"
    assert training.baseline["rows"] == len(validation)
    expected = score(validation, dummy.predict(np.zeros((len(validation), 1)))) / scale
    assert training.baseline["cost"] == pytest.approx(expected, rel=1e-5)
    assert training.baseline["value"] == training.baseline["cost"]


@pytest.mark.parametrize(
    ("letters", "weights"), [("ab", None), ("abc", None), ("abc", "balanced"), ("abc", [1.0, 5.0, 0.5])], ids=str
)
def test_of_classes_it_is_that_of_their_frequencies(letters: str, weights: Any) -> None:
    labels = LETTERS if letters == "abc" else ["ab"[a > 0.4] for a, _ in X]
    loss = {"type": "cross_entropy", "class_weight": weights} if weights else "auto"
    training, train, validation = parts_of(labels, loss=loss)
    by_class = dict(zip("abc", weights, strict=True)) if isinstance(weights, list) else weights
    counts = {name: int((train == name).sum()) for name in letters}
    if weights == "balanced":
        by_class = {name: len(train) / (len(counts) * n) for name, n in counts.items()}
    of = [np.array([(by_class or {}).get(name, 1.0) for name in rows]) for rows in (train, validation)]
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((len(train), 1)), train, sample_weight=of[0])

    expected = log_loss(validation, dummy.predict_proba(np.zeros((len(validation), 1))), sample_weight=of[1])

    assert training.baseline is not None
    assert training.baseline["predicts"] == "class_frequencies"
    assert training.baseline["cost"] == pytest.approx(expected, rel=1e-5)


def test_rows_count_by_their_weights() -> None:
    weights = [1.0 + (n % 4) for n in range(90)]
    data = {"x": [[*row, w] for row, w in zip(X, weights, strict=True)], "y": NUMBERS, "weight": "x2"}
    resolved, info, table = make_spec(data=data)
    parts = split(resolved, info, table)
    y, w = np.asarray(NUMBERS), np.asarray(weights)
    dummy = DummyRegressor(strategy="mean").fit(np.zeros((int(parts.train.sum()), 1)), y[parts.train], w[parts.train])
    guess = dummy.predict(np.zeros((int(parts.validation.sum()), 1)))
    expected = mean_squared_error(y[parts.validation], guess, sample_weight=w[parts.validation]) / y[parts.train].var()

    baseline = make_training(data=data).baseline

    assert baseline is not None
    assert baseline["cost"] == pytest.approx(expected, rel=1e-5)


def test_of_labels_each_has_its_own_frequency() -> None:
    y = [[float(a > 0), float(b > 1)] for a, b in X]
    training, train, validation = parts_of(y, task="multilabel")
    share = torch.tensor(train.mean(0)).expand(len(validation), 2)
    expected = functional.binary_cross_entropy(share, torch.tensor(validation).double())

    assert training.baseline is not None
    assert training.baseline["cost"] == pytest.approx(float(expected), rel=1e-5)


def test_of_counts_it_is_the_likelihood_of_their_mean() -> None:
    counts = [float(n % 7) for n in range(90)]
    training, train, validation = parts_of(counts, loss="poisson_nll")
    mean = train.mean()

    assert training.baseline is not None
    assert training.baseline["cost"] == pytest.approx(float(np.mean(mean - validation * np.log(mean))), rel=1e-5)


def test_of_means_with_a_spread_it_is_the_likelihood_of_one_normal_distribution() -> None:
    training, train, validation = parts_of(NUMBERS, loss="gaussian_nll")
    scaled = (validation - train.mean()) / train.std()

    assert training.baseline is not None
    assert training.baseline["cost"] == pytest.approx(float(np.mean(0.5 * scaled**2)), rel=1e-4)


def test_a_monitored_metric_is_measured_of_the_majority() -> None:
    training, train, validation = parts_of(LETTERS, metrics=["accuracy"], monitor="val_accuracy")
    names, counts = np.unique(train, return_counts=True)

    assert training.baseline is not None
    assert training.baseline["metric"] == "val_accuracy"
    assert training.baseline["value"] == pytest.approx(float((validation == names[counts.argmax()]).mean()))


def test_where_no_row_validates_the_training_rows_say_it() -> None:
    baseline = make_training(data={"x": X, "y": NUMBERS}, split={"type": "none"}).baseline

    assert baseline is not None
    assert (baseline["split"], baseline["rows"], baseline["metric"]) == ("training", 90, "train_cost")
    assert baseline["value"] == pytest.approx(1.0, rel=1e-5)  # the variance of standardized targets


def test_measuring_it_changes_no_bit_of_the_training() -> None:
    first, second = (list(make_training(data={"x": X, "y": NUMBERS}).fit()) for _ in range(2))

    assert [costs.train_cost for costs in first] == [costs.train_cost for costs in second]
