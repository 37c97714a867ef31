"""What is found inside a model is what scikit-learn finds in the same predictions."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import calibration_curve
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.metrics import confusion_matrix, log_loss, mean_squared_error

from services.predictions import inspection
from services.predictions.inspection import inspect
from services.training.input.split import split
from services.training.predictor import Predictor
from tests.make import make_spec
from tests.make import make_training as training_of


class Trained:
    """A small trained model with its data."""

    def __init__(self, **parts: Any) -> None:
        self.spec, self.info, self.table = make_spec(**parts)
        training = training_of(**parts)
        for costs in training.fit():
            if training.best.improved(costs):
                training.keep_best()
        self.predictor = Predictor.from_bytes(training.best_bytes())
        self.validation = split(self.spec, self.info, self.table).validation

    def inspected(self) -> inspection.Inspection:
        """Look inside."""
        return inspect(self.predictor, self.info, self.table, self.validation, lambda: False)

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Features and targets of the validation rows."""
        cells = np.asarray(self.table[self.validation])
        names = [column.name for column in self.predictor.preprocessing.inputs]
        features = cells[:, [self.info.names.index(name) for name in names]]
        return features, cells[:, self.info.names.index(self.predictor.preprocessing.targets[0])]


class AsEstimator(BaseEstimator):
    """The model as scikit-learn asks one; it is fitted."""

    def __init__(self, trained: Any = None) -> None:
        self.trained = trained

    def fit(self, *_: Any) -> "AsEstimator":
        return self


NET: dict[str, Any] = {"model": {"type": "mlp", "hidden": [8]}, "epochs": 4, "batch_size": 16}


@pytest.fixture(scope="module")
def iris() -> Trained:
    return Trained(data={"builtin": "iris"}, **NET)


@pytest.fixture(scope="module")
def cancer() -> Trained:
    return Trained(data={"builtin": "breast_cancer"}, **NET)


@pytest.fixture(scope="module")
def diabetes() -> Trained:
    return Trained(data={"builtin": "diabetes"}, **NET)


def test_the_confusion_matrix_is_scikit_learns(iris: Trained) -> None:
    found = iris.inspected()

    matrix = found.report["confusion_matrix"]
    wanted = confusion_matrix(found.columns["target"], found.columns["prediction"], labels=matrix["classes"])
    np.testing.assert_array_equal(matrix["data"], wanted)
    assert sum(map(sum, matrix["data"])) == found.report["rows"] == iris.validation.sum()
    assert found.columns["row"] == np.flatnonzero(iris.validation).tolist()


@pytest.mark.parametrize("kind", ["iris", "cancer"])
def test_the_calibration_curves_are_scikit_learns(kind: str, request: pytest.FixtureRequest) -> None:
    trained: Trained = request.getfixturevalue(kind)
    found = trained.inspected()

    curves = found.report["calibration"]
    assert len(curves) == {"iris": 3, "cancer": 1}[kind]
    for curve in curves:
        probabilities = np.array(found.columns[f"p_{curve['class']}"])
        came_true = np.array([value == curve["class"] for value in found.columns["target"]])
        observed, predicted = calibration_curve(came_true, probabilities, n_bins=10)
        np.testing.assert_allclose([point["observed"] for point in curve["points"]], observed)
        np.testing.assert_allclose([point["predicted"] for point in curve["points"]], predicted)
        assert sum(point["rows"] for point in curve["points"]) == found.report["rows"]


def test_the_importance_of_a_classifiers_columns_is_scikit_learns(iris: Trained) -> None:
    def score(_estimator: Any, features: np.ndarray, targets: np.ndarray) -> float:
        probabilities = iris.predictor.probabilities(features.astype(np.float32)).double().numpy()
        return -log_loss(targets, probabilities / probabilities.sum(1, keepdims=True), labels=[0.0, 1.0, 2.0])

    features, targets = iris.rows
    wanted = sklearn_importance(AsEstimator(), features, targets, scoring=score, n_repeats=5, random_state=0)

    found = {entry["column"]: entry for entry in iris.inspected().report["importance"]["columns"]}
    names = [column.name for column in iris.predictor.preprocessing.inputs]
    np.testing.assert_allclose([found[name]["mean"] for name in names], wanted.importances_mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        [found[name]["deviation"] for name in names], wanted.importances_std, rtol=1e-3, atol=1e-6
    )


def test_the_importance_of_a_regressions_columns_is_scikit_learns_in_scaled_units(diabetes: Trained) -> None:
    factor = diabetes.predictor.preprocessing.target_scaling[0].factor  # type: ignore[union-attr]

    def score(_estimator: Any, features: np.ndarray, targets: np.ndarray) -> float:
        values = diabetes.predictor.values(features.astype(np.float32))[:, 0].double().numpy()
        return -mean_squared_error(targets * factor, values * factor)

    features, targets = diabetes.rows
    wanted = sklearn_importance(AsEstimator(), features, targets, scoring=score, n_repeats=5, random_state=0)

    importance = diabetes.inspected().report["importance"]
    found = {entry["column"]: entry for entry in importance["columns"]}
    names = [column.name for column in diabetes.predictor.preprocessing.inputs]
    np.testing.assert_allclose([found[name]["mean"] for name in names], wanted.importances_mean, rtol=1e-3, atol=1e-5)
    means = [entry["mean"] for entry in importance["columns"]]
    assert means == sorted(means, reverse=True)


def test_residuals_say_how_far_off_a_regression_is(diabetes: Trained) -> None:
    found = diabetes.inspected()

    errors = np.array(found.columns["target"]) - np.array(found.columns["prediction"])
    (shown,) = found.report["residuals"]
    assert (shown["mean"], shown["deviation"]) == pytest.approx((errors.mean(), errors.std()), rel=1e-5)
    assert shown["quantiles"]["0.5"] == pytest.approx(np.median(errors), rel=1e-5)
    assert sum(shown["histogram"]["counts"]) == len(errors)


def test_the_rows_are_bounded_and_the_importance_is_left_out_when_the_time_is_over(
    iris: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "MOST", 10)

    found = inspect(iris.predictor, iris.info, iris.table, iris.validation, lambda: True)

    assert (found.report["rows"], len(found.columns["row"])) == (10, 10)
    assert found.report["total_rows"] == iris.validation.sum()
    assert "importance" not in found.report
    assert found.report["left_out"] == [{"part": "importance", "why": "4 columns would take too long"}]
