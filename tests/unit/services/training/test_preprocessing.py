"""Preprocessing is scikit-learn's on the training rows alone, and splits are the decided ones."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, QuantileTransformer, RobustScaler, StandardScaler

from services.columns import Column, TableInfo
from services.errors import CheckpointCorrupt
from services.specs.schema.data import ColumnOptions
from services.training.input.preprocessing import Preprocessing
from services.training.input.rows import order
from services.training.input.split import Parts, split
from services.training.predictor import Predictor
from services.training.weights import from_bytes, to_bytes
from tests.make import make_spec, make_training

ROWS = np.random.default_rng(0).normal(loc=50, scale=9, size=(40, 3))
DATA = {"x": ROWS.tolist(), "y": ROWS.sum(1).tolist()}


def rows_of(parts: Parts) -> list[list[int]]:
    """The numbers of the rows of each part."""
    return [np.flatnonzero(part).tolist() for part in (parts.train, parts.validation, parts.test)]


@pytest.mark.parametrize(
    ("scale", "scaler"),
    [
        ("standard", StandardScaler()),
        ("minmax", MinMaxScaler()),
        ("robust", RobustScaler()),
        ("quantile", QuantileTransformer(n_quantiles=32, output_distribution="normal")),
    ],
)
def test_numbers_are_scaled_as_scikit_learn_does_on_the_training_rows(scale: str, scaler: StandardScaler) -> None:
    spec, info, table = make_spec(data=DATA | {"scale": scale})
    parts = split(spec, info, table)
    train, valid = parts.train, parts.validation
    fitted = Preprocessing.fitted(spec, info, table[train])
    scaler.fit(table[train, :3].astype(float))

    found = fitted.features(table[valid, :3]).numpy()

    assert np.allclose(found, scaler.transform(table[valid, :3].astype(float)), atol=1e-5)


def test_scaling_none_keeps_every_bit_and_a_constant_column_becomes_zero() -> None:
    spec, info, table = make_spec(data={"x": [[7.0, n / 3] for n in range(12)], "y": list(range(12))})
    plain, _, _ = make_spec(data={"x": [[7.0, n / 3] for n in range(12)], "y": list(range(12)), "scale": "none"})
    rows = np.arange(12)

    scaled = Preprocessing.fitted(spec, info, table[rows]).features(table[:, :2])
    kept = Preprocessing.fitted(plain, info, table[rows]).features(table[:, :2])

    assert scaled[:, 0].tolist() == [0.0] * 12
    assert kept.numpy().tobytes() == np.ascontiguousarray(table[:, :2]).tobytes()


def test_a_category_is_one_hot_as_scikit_learn_does_and_survives_json() -> None:
    info = TableInfo(6, [Column("c", "category", values=["a", "b", "z"], counts=[2, 2, 2]), Column("y", "number")])
    table = np.array([[0, 1], [1, 2], [2, 3], [0, 4], [1, 5], [2, 6]], dtype=np.float32)
    spec, _, _ = make_spec()
    data = spec.data.model_copy(update={"features": ["c"], "target": "y"})
    fitted = Preprocessing.fitted(spec.model_copy(update={"data": data}), info, table)

    again = Preprocessing.from_json(json.loads(json.dumps(fitted.as_json())))

    assert again == fitted
    assert np.array_equal(again.features(table[:, :1]).numpy(), OneHotEncoder().fit_transform(table[:, :1]).toarray())


def test_scaled_targets_come_back_in_original_units() -> None:
    spec, info, table = make_spec(data=DATA)
    fitted = Preprocessing.fitted(spec, info, table)

    back = fitted.units(fitted.encoded_targets(table[:, 3:]))

    assert np.allclose(back.numpy(), table[:, 3:], rtol=1e-5)


def test_a_random_split_takes_the_first_rows_of_epoch_0() -> None:
    spec, info, table = make_spec(data=DATA, seed=5, split={"type": "random", "validation": 0.3})

    train, valid, _ = rows_of(split(spec, info, table))

    assert sorted(valid) == sorted(order(40, 5, 0)[:12].tolist())
    assert sorted([*train, *valid]) == list(range(40))


def test_a_stratified_split_takes_the_same_share_of_every_class() -> None:
    labels = ["a"] * 20 + ["b"] * 10 + ["c"] * 5
    spec, info, table = make_spec(data={"x": [[float(n)] for n in range(35)], "y": labels}, task="multiclass")

    train, valid, _ = rows_of(split(spec, info, table))

    assert [sum(labels[n] == c for n in valid) for c in "abc"] == [4, 2, 1]
    assert not set(train) & set(valid)


def test_given_validation_rows_validate() -> None:
    data = DATA | {"x_val": [[1.0, 2.0, 3.0]], "y_val": [6.0]}
    spec, info, table = make_spec(data=data)

    train, valid, _ = rows_of(split(spec, info, table))

    assert (train, valid) == (list(range(40)), [40])


def with_gaps() -> tuple[TableInfo, np.ndarray]:
    """A number, a category and a boolean, each with a missing value, and a target."""
    nan = np.nan
    table = np.array([[1, 0, 0, 1], [nan, 1, 1, 2], [3, nan, 1, 3], [8, 2, nan, 4]], dtype=np.float32)
    columns = [
        Column("n", "number", missing=1, first_missing=1),
        Column("c", "category", missing=1, first_missing=2, values=["a", "b", "z"], counts=[1, 1, 1]),
        Column("b", "boolean", missing=1, first_missing=3, values=[False, True], counts=[1, 2]),
        Column("y", "number"),
    ]
    return TableInfo(4, columns), table


def fitted_with(options: dict[str, Any]) -> np.ndarray:
    """The inputs of the rows with gaps."""
    info, table = with_gaps()
    spec, _, _ = make_spec()
    chosen = {name: ColumnOptions(**given) for name, given in options.items()}
    data = spec.data.model_copy(update={"features": ["n", "c", "b"], "target": "y", "columns": chosen, "scale": "none"})
    return Preprocessing.fitted(spec.model_copy(update={"data": data}), info, table).features(table[:, :3]).numpy()


def test_a_missing_value_is_the_mean_or_no_category_and_an_input_says_so() -> None:
    found = fitted_with({})

    # n, then the categories a, b, z, then b (mean 2/3), then what says that n, c or b was missing.
    assert found[1].tolist() == [4.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    assert found[2].tolist() == [3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    assert found[3].tolist() == pytest.approx([8.0, 0.0, 0.0, 1.0, 2 / 3, 0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("chosen", "stands"),
    [({"missing": "median"}, 3.0), ({"missing": "most_frequent"}, 1.0), ({"missing": "constant", "fill": -1.0}, -1.0)],
)
def test_what_stands_for_a_missing_number_can_be_chosen(chosen: dict[str, Any], stands: float) -> None:
    assert fitted_with({"n": chosen})[1, 0] == stands


def test_rare_categories_share_an_input() -> None:
    found = fitted_with({"c": {"max_categories": 2}})

    assert found[:, 1:4].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_a_test_part_leaves_the_validation_rows_as_they_are() -> None:
    spec, info, table = make_spec(data=DATA, split={"type": "random", "validation": 0.2})
    tested, _, _ = make_spec(data=DATA, split={"type": "random", "validation": 0.2, "test": 5})

    without, parts = split(spec, info, table), split(tested, info, table)

    assert parts.validation.tolist() == without.validation.tolist()
    train, valid, test = rows_of(parts)
    assert len(test) == 5
    assert sorted([*train, *valid, *test]) == list(range(40))


def test_a_split_by_time_holds_the_newest_rows_back() -> None:
    data = {"x": [[float(n * 7 % 40)] for n in range(40)], "y": [float(n) for n in range(40)]}
    by_time = {"type": "time", "column": "x0", "validation": 0.2, "test": 0.1}
    spec, info, table = make_spec(data=data | {"features": ["x0"]}, split=by_time)

    parts = split(spec, info, table)

    assert sorted(table[parts.test, 0]) == [36, 37, 38, 39]
    assert sorted(table[parts.validation, 0]) == list(range(28, 36))
    assert table[parts.train, 0].max() == 27


def test_a_split_by_hash_keeps_a_value_together_and_stays_when_rows_are_added() -> None:
    def made(rows: int) -> tuple[set[float], set[float]]:
        data = {"x": [[float(n % 50), 1.0] for n in range(rows)], "y": [float(n) for n in range(rows)]}
        spec, info, table = make_spec(data=data, split={"type": "hash", "column": "x0", "validation": 0.3})
        parts = split(spec, info, table)
        return set(table[parts.train, 0].tolist()), set(table[parts.validation, 0].tolist())

    train, validation = made(100)

    assert not train & validation
    assert 5 <= len(validation) <= 25
    assert made(200) == (train, validation)


def test_given_test_rows_are_measured_with_the_best_weights() -> None:
    data = DATA | {"x_val": [[1.0, 2.0, 3.0]], "y_val": [6.0], "x_test": [[2.0, 2.0, 2.0]] * 2, "y_test": [6.0, 6.0]}
    training = make_training(data=data, epochs=3)
    for costs in training.fit():
        if training.best.improved(costs):
            training.keep_best()

    measured = training.measure_test()

    assert measured is not None
    predicted = Predictor.from_bytes(training.best_bytes()).values(np.full((1, 3), 2.0, dtype=np.float32))
    assert measured["test_mae"] == pytest.approx(abs(float(predicted) - 6.0), rel=1e-5)
    assert measured["epoch"] == training.best.epoch


@pytest.mark.parametrize("content", [b"", b"junk", b"\xff" * 40, to_bytes({}, {"format": 2})])
def test_bytes_that_are_no_checkpoint_are_refused(content: bytes) -> None:
    with pytest.raises(CheckpointCorrupt):
        from_bytes(content)
    with pytest.raises(CheckpointCorrupt):
        Predictor.from_bytes(content)


#: What float32 can't tell from itself and 1 more, numbers whose quantiles coincide in it, and its limits.
COLUMNS = {
    "constant": [7.0] * 40,
    "large constant": [1e10] * 40,
    "negative": [-1e10] * 40,
    "the largest": [3.4e38] * 40,
    "neighbours": [1e10, 1e10 + 1024] * 20,
    "a row of neighbours": [1e10 + 1024 * (n // 2) for n in range(40)],
    "the whole range": [-3.4e38, 0.0, 1.0, 3.4e38] * 10,
    "next to nothing": [0.0, 1e-45, 1e-40, 3e-39] * 10,
}


@pytest.mark.parametrize("scale", ["none", "standard", "quantile"])
@pytest.mark.parametrize("name", COLUMNS)
def test_numbers_that_have_no_width_are_embedded_to_finite_ones(name: str, scale: str) -> None:
    data = {"x": [[value] for value in COLUMNS[name]], "y": [n / 40 for n in range(40)], "scale": scale}

    training = make_training(data=data, model={"type": "mlp", "hidden": [4]}, epochs=2, task="regression")
    costs = [(epoch.train_cost, epoch.val_cost) for epoch in training.fit()]
    training.keep_best()
    found = Predictor.from_bytes(training.best_bytes()).values(np.float32(COLUMNS[name])[:, None])

    # As they are, the largest numbers times any weight are beyond float32; they are told as a cost that is not finite.
    assert np.isfinite(costs).all() or (scale == "none" and max(COLUMNS[name]) > 1e38)
    assert found.isfinite().all() or (scale == "none" and max(COLUMNS[name]) > 1e38)


@pytest.mark.parametrize("name", COLUMNS)
def test_the_edges_of_bins_ascend_and_their_widths_can_be_divided_by(name: str) -> None:
    spec, info, table = make_spec(
        data={"x": [[value] for value in COLUMNS[name]], "y": [n / 40 for n in range(40)], "scale": "none"}
    )
    fitted = Preprocessing.fitted(spec, info, table)

    (edges,) = fitted.bins(fitted.features(table[:, :1]))

    assert len(edges) > 1
    assert edges.isfinite().all()
    assert (1 / edges.diff()).isfinite().all()
    assert (edges.diff() > 0).all()
