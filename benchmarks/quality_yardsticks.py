"""scikit-learn's side of the quality benchmark: which rows test, what a score is, and its models at their defaults."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.quality_tables import Cell, Table

TEST_SHARE = 0.2

Columns = dict[str, list[Cell]]
Fit = Callable[[np.ndarray, np.ndarray], Any]


def split(table: Table, seed: int) -> tuple[Columns, Columns]:
    """Return the training rows and the test rows of a seed, the same ones for every method."""
    order = np.random.default_rng(seed).permutation(table.rows)
    held = round(TEST_SHARE * table.rows)
    return _rows(table, order[held:]), _rows(table, order[:held])


def score(table: Table, train: Columns, test: Columns, predicted: list[Any]) -> float:
    """Return the share of right classes, or the relative RMSE of a regression: 1 is the training rows' mean for all.

    Raises: ValueError when a prediction is not finite.
    """
    truth = test[table.target]
    if table.task == "classification":
        return float(np.mean([a == b for a, b in zip(truth, map(str, predicted), strict=True)]))
    found = np.asarray(predicted, dtype=np.float64)
    if not np.isfinite(found).all():
        raise ValueError("predicts what is not finite")
    actual, mean = np.asarray(truth, dtype=np.float64), np.mean(np.asarray(train[table.target], dtype=np.float64))
    return float(np.sqrt(np.mean((found - actual) ** 2) / np.mean((mean - actual) ** 2)))


def yardsticks(table: Table, seed: int) -> dict[str, Callable[[Columns, Columns], list[Any]]]:
    """Return what predicts test rows after it was fitted to training rows, by name."""
    return {name: _fitted(table, model) for name, model in _models(table, seed).items()}


def _models(table: Table, seed: int) -> dict[str, Any]:
    names = [name for name in table.columns if name != table.target]
    texts = [n for n, name in enumerate(names) if any(isinstance(cell, str) for cell in table.columns[name])]
    numbers = [n for n in range(len(names)) if n not in texts]
    filled = SimpleImputer(keep_empty_features=True)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    plain = make_column_transformer((filled, numbers), (one_hot, texts))
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    coded = ColumnTransformer([("codes", codes, texts), ("numbers", "passthrough", numbers)])
    boosted = {"categorical_features": list(range(len(texts))), "random_state": seed}
    if table.task == "classification":
        net, linear = MLPClassifier(random_state=seed), LogisticRegression(max_iter=1_000)
        forest, boosting = RandomForestClassifier(random_state=seed), HistGradientBoostingClassifier(**boosted)
    else:
        net, linear = MLPRegressor(random_state=seed), Ridge()
        forest, boosting = RandomForestRegressor(random_state=seed), HistGradientBoostingRegressor(**boosted)
    scaled = make_pipeline(plain, StandardScaler(), net)
    helped = (
        scaled if table.task == "classification" else TransformedTargetRegressor(scaled, transformer=StandardScaler())
    )
    return {
        "sklearn's MLP": scaled,
        "the same, target scaled": helped,
        "linear": make_pipeline(plain, StandardScaler(), linear),
        "forest": make_pipeline(plain, forest),
        "boosting": make_pipeline(coded, boosting),
    }


def _fitted(table: Table, model: Any) -> Callable[[Columns, Columns], list[Any]]:
    def predict(train: Columns, test: Columns) -> list[Any]:
        kind = np.float64 if table.task == "regression" else np.str_
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the defaults stop after 200 epochs
            model.fit(_cells(table, train), np.asarray(train[table.target], dtype=kind))
            return list(model.predict(_cells(table, test)))

    return predict


def _cells(table: Table, columns: Columns) -> np.ndarray:
    """Return (rows, features) objects: NaN for what is missing among numbers, a text of its own among texts."""
    found = []
    for name, cells in table.columns.items():
        if name != table.target:
            none = "" if any(isinstance(cell, str) for cell in cells) else np.nan
            found.append([none if cell is None else cell for cell in columns[name]])
    return np.array(found, dtype=object).T


def _rows(table: Table, rows: np.ndarray) -> Columns:
    return {name: [cells[n] for n in rows] for name, cells in table.columns.items()}
