"""Preprocessing is scikit-learn's on the training rows alone, and splits are the decided ones."""

import json

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from services.errors import CheckpointCorrupt
from services.specs.columns import Column, TableInfo
from services.training.data import order
from services.training.predictor import Predictor
from services.training.preprocessing import Preprocessing
from services.training.splitting import split
from services.training.weights import from_bytes, to_bytes
from tests.make import make_spec

ROWS = np.random.default_rng(0).normal(loc=50, scale=9, size=(40, 3))
DATA = {"x": ROWS.tolist(), "y": ROWS.sum(1).tolist()}


@pytest.mark.parametrize(("scale", "scaler"), [("standard", StandardScaler()), ("minmax", MinMaxScaler())])
def test_numbers_are_scaled_as_scikit_learn_does_on_the_training_rows(scale: str, scaler: StandardScaler) -> None:
    spec, info, table = make_spec(data=DATA | {"scale": scale})
    train, valid = split(spec, info, table)
    fitted = Preprocessing.fitted(spec, info, table, train)
    scaler.fit(table[train, :3].astype(float))

    found = fitted.features(table[valid, :3]).numpy()

    assert np.allclose(found, scaler.transform(table[valid, :3].astype(float)), atol=1e-5)


def test_scaling_none_keeps_every_bit_and_a_constant_column_becomes_zero() -> None:
    spec, info, table = make_spec(data={"x": [[7.0, n / 3] for n in range(12)], "y": list(range(12))})
    plain, _, _ = make_spec(data={"x": [[7.0, n / 3] for n in range(12)], "y": list(range(12)), "scale": "none"})
    rows = np.arange(12)

    scaled = Preprocessing.fitted(spec, info, table, rows).features(table[:, :2])
    kept = Preprocessing.fitted(plain, info, table, rows).features(table[:, :2])

    assert scaled[:, 0].tolist() == [0.0] * 12
    assert kept.numpy().tobytes() == np.ascontiguousarray(table[:, :2]).tobytes()


def test_a_category_is_one_hot_as_scikit_learn_does_and_survives_json() -> None:
    info = TableInfo(6, [Column("c", "category", values=["a", "b", "z"], counts=[2, 2, 2]), Column("y", "number")])
    table = np.array([[0, 1], [1, 2], [2, 3], [0, 4], [1, 5], [2, 6]], dtype=np.float32)
    spec, _, _ = make_spec()
    data = spec.data.model_copy(update={"features": ["c"], "target": "y"})
    fitted = Preprocessing.fitted(spec.model_copy(update={"data": data}), info, table, np.arange(6))

    again = Preprocessing.from_json(json.loads(json.dumps(fitted.as_json())))

    assert again == fitted
    assert np.array_equal(again.features(table[:, :1]).numpy(), OneHotEncoder().fit_transform(table[:, :1]).toarray())


def test_scaled_targets_come_back_in_original_units() -> None:
    spec, info, table = make_spec(data=DATA)
    fitted = Preprocessing.fitted(spec, info, table, np.arange(40))

    back = fitted.units(fitted.encoded_targets(table[:, 3:]))

    assert np.allclose(back.numpy(), table[:, 3:], rtol=1e-5)


def test_a_random_split_takes_the_first_rows_of_epoch_0() -> None:
    spec, info, table = make_spec(data=DATA, seed=5, split={"type": "random", "validation": 0.3})

    train, valid = split(spec, info, table)

    assert sorted(valid) == sorted(order(40, 5, 0)[:12].tolist())
    assert sorted([*train, *valid]) == list(range(40))


def test_a_stratified_split_takes_the_same_share_of_every_class() -> None:
    labels = ["a"] * 20 + ["b"] * 10 + ["c"] * 5
    spec, info, table = make_spec(data={"x": [[float(n)] for n in range(35)], "y": labels}, task="multiclass")

    train, valid = split(spec, info, table)

    assert [sum(labels[n] == c for n in valid) for c in "abc"] == [4, 2, 1]
    assert not set(train) & set(valid)


def test_given_validation_rows_validate() -> None:
    data = DATA | {"x_val": [[1.0, 2.0, 3.0]], "y_val": [6.0]}
    spec, info, table = make_spec(data=data)

    train, valid = split(spec, info, table)

    assert (train.tolist(), valid.tolist()) == (list(range(40)), [40])


@pytest.mark.parametrize("content", [b"", b"junk", b"\xff" * 40, to_bytes({}, {"format": 2})])
def test_bytes_that_are_no_checkpoint_are_refused(content: bytes) -> None:
    with pytest.raises(CheckpointCorrupt):
        from_bytes(content)
    with pytest.raises(CheckpointCorrupt):
        Predictor.from_bytes(content)
