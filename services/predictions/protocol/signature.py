"""The true inputs and outputs of a model as tensors, and what goes through them."""

from typing import Any

import numpy as np

from services.errors import Fault, InvalidRequest
from services.predictions.decoder import cells_of_array, cells_of_columns
from services.predictions.outputs import Outputs
from services.predictions.protocol.tensors import BYTES, Tensor, refused
from services.training.input.column_inputs import Input
from services.training.input.preprocessing import Preprocessing

X = "x"


def is_one_tensor(preprocessing: Preprocessing) -> bool:
    """Return whether all features are numbers, so that they come as one tensor."""
    return all(column.type == "number" or column.shape is not None for column in preprocessing.inputs)


def inputs_of(preprocessing: Preprocessing) -> list[dict[str, Any]]:
    """Return the inputs: one FP32 `x` of numbers, or one input a column where any is a text, a category or a date."""
    if is_one_tensor(preprocessing):
        shape = preprocessing.inputs[0].shape or [len(preprocessing.inputs)]
        return [{"name": X, "datatype": "FP32", "shape": [-1, *shape]}]
    return [{"name": column.name, "datatype": _datatype(column), "shape": [-1]} for column in preprocessing.inputs]


def outputs_of(preprocessing: Preprocessing) -> list[dict[str, Any]]:
    """Return the outputs."""
    if preprocessing.task == "multilabel":
        shape = [-1, len(preprocessing.targets)]
        return [_output("probabilities", "FP32", shape), _output("labels", "BOOL", shape)]
    if preprocessing.classes is not None:
        return [_output("probabilities", "FP32", [-1, len(preprocessing.classes)]), _output("label", BYTES, [-1])]
    shape = [-1, len(preprocessing.targets)] if len(preprocessing.targets) > 1 else [-1]
    found = [_output("prediction", "FP32", shape)]
    return [*found, _output("deviation", "FP32", shape)] if preprocessing.loss == "gaussian_nll" else found


def cells_of(tensors: list[Tensor], preprocessing: Preprocessing) -> np.ndarray:
    """Return the feature cells, (rows, features) float32, of the inputs of a request.

    Raises: InvalidRequest when an input is missing, unknown, of another shape or type, or has a value of no use.
    """
    given = {tensor.name: tensor for tensor in tensors}
    known = [entry["name"] for entry in inputs_of(preprocessing)]
    if len(given) < len(tensors):
        raise InvalidRequest([Fault("#/inputs", "duplicate_key", "has an input twice")])
    for name in [*given.keys() - set(known), *(name for name in known if name not in given)]:
        words = "is missing" if name in known else f"is not known; the inputs are {', '.join(known[:20])}"
        raise refused(name, words)
    if is_one_tensor(preprocessing):
        tensor = given[X]
        shape = preprocessing.inputs[0].shape or [len(preprocessing.inputs)]
        if tensor.values.shape[1:] != tuple(shape):
            raise refused(X, f"expected shape {[-1, *shape]}, got {list(tensor.values.shape)}")
        if tensor.datatype in {BYTES, "BOOL"}:
            raise refused(X, f"expected FP32, got {tensor.datatype}")
        _check_rows(len(tensor.values))
        return cells_of_array(tensor.values, preprocessing)[0]
    columns: dict[str, Any] = {}
    rows = len(given[known[0]].values)
    for column in preprocessing.inputs:
        tensor = given[column.name]
        if tensor.values.shape not in {(rows,), (rows, 1)}:
            raise refused(column.name, f"expected shape [{rows}], got {list(tensor.values.shape)}")
        wanted = _datatype(column)
        if (tensor.datatype in {BYTES, "BOOL"} or wanted != "FP32") and tensor.datatype != wanted:
            raise refused(column.name, f"expected {wanted}, got {tensor.datatype}")
        flat = tensor.values.reshape(-1)
        columns[column.name] = flat if wanted == "FP32" else flat.tolist()
    _check_rows(rows)
    return cells_of_columns(columns, preprocessing)[0]


def answered(outputs: Outputs, preprocessing: Preprocessing) -> dict[str, Tensor]:
    """Return the outputs by name."""
    found: dict[str, np.ndarray] = {}
    if outputs.probabilities is not None:
        found["probabilities"] = outputs.probabilities.numpy()
        if preprocessing.task == "multilabel":
            found["labels"] = np.asarray(outputs.labels, dtype=bool)
        else:
            found["label"] = np.array([_text(label) for label in outputs.labels or []], dtype=object)
    for name, values in (("prediction", outputs.values), ("deviation", outputs.deviations)):
        if values is not None:
            found[name] = (values[:, 0] if values.shape[1] == 1 else values).numpy()
    types = {entry["name"]: entry["datatype"] for entry in outputs_of(preprocessing)}
    return {name: Tensor(name, types[name], found[name]) for name in types}


def _check_rows(rows: int) -> None:
    if rows == 0:
        raise InvalidRequest([Fault("#/inputs", "empty", "has no rows")])


def _datatype(column: Input) -> str:
    return {"number": "FP32", "boolean": "BOOL"}.get(column.type, BYTES)


def _output(name: str, datatype: str, shape: list[int]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape}


def _text(label: Any) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
