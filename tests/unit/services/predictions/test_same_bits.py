"""What answers quickly answers the same, to the bit: ten models, one row and many."""

from typing import Any

import numpy as np
import orjson
import pytest
import torch

from services.predictions.decoder import cells_of_columns
from services.predictions.numbers import rows_of_numbers
from services.predictions.outputs import outputs_of
from services.training.predictor import BLOCK_ROWS, Predictor
from services.training.weights import digest, from_bytes
from tests.make import make_training

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(0, 3, (60, 4)).tolist()
NUMBERS = [3 * row[0] - row[1] + 2 for row in X]
CLASSES = [["low", "middle", "high"][int(np.digitize(row[0], [-1, 1]))] for row in X]
PLAIN = {"type": "mlp", "hidden": [64, 64], "number_embedding": None}
MODELS: dict[str, dict[str, Any]] = {
    "linear": {"model": "linear"},
    "mlp": {"model": {"type": "mlp", "hidden": [64, 64]}},
    "dropout": {"model": {"type": "mlp", "hidden": [16], "dropout": 0.3}},
    "batch norm": {"model": {"type": "mlp", "hidden": [16], "norm": "batch"}},
    "residual": {"model": {"type": "mlp", "hidden": [16, 16], "residual": True}},
    "embedded": {"model": {"type": "mlp", "hidden": [16], "number_embedding": "piecewise"}},
    "tabm": {"model": {"type": "tabm", "hidden": [16]}},
    "gaussian": {"model": "mlp", "loss": "gaussian_nll"},
    "classes": {"model": "mlp", "data": {"x": X, "y": CLASSES}},
    "unscaled": {"model": "mlp", "data": {"x": X, "y": NUMBERS, "scale": "quantile"}},
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rows", [1, 7, 60])
def test_the_flat_forward_gives_the_bits_of_the_model_itself(name: str, rows: int) -> None:
    training = make_training(**({"data": {"x": X, "y": NUMBERS}, "epochs": 1, "batch_size": 16} | MODELS[name]))
    list(training.fit())
    training.keep_best()
    predictor = Predictor.from_bytes(training.best_bytes())
    body = orjson.dumps({"x": X[:rows]})

    cells = rows_of_numbers(body, predictor.preprocessing, 100)

    assert cells is not None
    features = predictor.preprocessing.features(np.asarray(X[:rows], dtype=np.float32))
    assert torch.equal(predictor.preprocessing.features(cells), features)
    with torch.no_grad():
        expected = predictor.model(features)
    with torch.inference_mode():
        assert torch.equal(predictor.forward(features), expected)


@pytest.mark.parametrize("model", ["linear", PLAIN], ids=["linear", "mlp"])
@pytest.mark.parametrize("targets", [NUMBERS, CLASSES], ids=["numbers", "classes"])
@pytest.mark.parametrize("rows", [2 * BLOCK_ROWS, 3 * BLOCK_ROWS - 1])
def test_many_rows_in_blocks_have_the_bits_of_all_at_once(model: Any, targets: list[Any], rows: int) -> None:
    training = make_training(data={"x": X, "y": targets}, epochs=1, model=model)
    list(training.fit())
    training.keep_best()
    predictor = Predictor.from_bytes(training.best_bytes())
    assert predictor.multiplications  # else there are no blocks
    cells = RANDOM.normal(0, 3, (rows, 4)).astype(np.float32)

    found = outputs_of(predictor, cells)

    with torch.no_grad():
        whole = predictor.model(predictor.preprocessing.features(cells))
    if found.values is not None:
        assert torch.equal(found.values, predictor.preprocessing.values(whole))
    else:
        assert found.probabilities is not None
        assert torch.equal(found.probabilities, torch.softmax(whole, 1))


def test_columns_side_by_side_have_the_bits_of_rows() -> None:
    training = make_training(data={"x": X, "y": NUMBERS}, epochs=1, model=PLAIN)
    list(training.fit())
    training.keep_best()
    predictor = Predictor.from_bytes(training.best_bytes())
    rows = RANDOM.normal(0, 3, (5_000, 4)).astype(np.float32)
    columns = {column.name: rows[:, n].copy() for n, column in enumerate(predictor.preprocessing.inputs)}

    cells, warnings = cells_of_columns(columns, predictor.preprocessing)

    assert warnings == []
    assert torch.equal(predictor.values(cells), predictor.values(rows))


def test_weights_have_one_digest_wherever_they_are() -> None:
    training = make_training()
    list(training.fit())
    training.keep_best()
    tensors, _ = from_bytes(training.best_bytes())
    weights = {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")}

    backwards = dict(reversed(list(weights.items())))
    changed = {name: tensor.clone() for name, tensor in weights.items()}
    next(iter(changed.values())).view(-1)[0] += 1

    assert Predictor.from_bytes(training.best_bytes()).weights_sha256 == digest(weights) == digest(backwards)
    assert digest(changed) != digest(weights)


@pytest.mark.parametrize(
    "body",
    [
        b'{"x": [[1, true, 3, 4]]}',
        b'{"x": [[1, null, 3, 4]]}',
        b'{"x": [[1, NaN, 3, 4]]}',
        b'{"x": [[1, 1e39, 3, 4]]}',
        b'{"x": [[1, 1e400, 3, 4]]}',
        b'{"x": [[1, 2, 3]]}',
        b'{"x": [[1, 2, 3, 4], [1]]}',
        b'{"x": [[1, 2, 3, 99999999999999999999]]}',
        b'{"x": []}',
        b'{"x": [[]]}',
        b'{"x": 1}',
        b'{"x": [[1, 2, 3, 4]]',
        b'{"x": [[1, 2, 3, 4]], "x": [[1, 2, 3, 4]]}',
        b'{"x": [[[1], [2], [3], [4]]]}',
        b'{"ex": [[1, 2, 3, 4]]}',
        b'{"x": [[1, 2, 3, 4]]}5',
        b'{"x": [[1, 2, 3, 4]5, [1, 2, 3, 4]]}',
        b'{"x": [[1, 2, 3, ]]}',
        b'{"x": [[1, 2, 3, 4 5]]}',
        b'{"x": [[1, 2, 3, 04]]}',
        b"",
    ],
)
def test_what_is_no_table_of_numbers_is_left_to_the_careful_reader(body: bytes) -> None:
    training = make_training(data={"x": X, "y": NUMBERS}, epochs=1)

    assert rows_of_numbers(body, training.preprocessing, 100) is None
    assert rows_of_numbers(b'{"x": [[1, 2.5, -3e2, 4]]}', training.preprocessing, 100) is not None
    assert rows_of_numbers(b'{"x": [[1, 2, 3, 4], [1, 2, 3, 4]]}', training.preprocessing, 1) is None
