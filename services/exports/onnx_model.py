"""A whole model as ONNX: one input a column, the preprocessing inside, what is predicted first."""

import io
import warnings
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import onnx
import torch
from onnx import compose, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from services.exports.onnx_columns import Columns
from services.exports.samples import Samples
from services.exports.subject import Subject
from services.exports.verification import difference
from services.exports.whole_model import WholeModel
from services.training.predictor import Predictor

BATCH = "batch"
CORE = "core/"  #: begins the names of what no column is called
ML_VERSION = 4  #: of the operators that read texts
ANSWERS = {"regression": ("prediction", "deviation")}
OF_CLASSES = ("prediction", "probabilities")


def onnx_model(subject: Subject, samples: Samples) -> tuple[bytes, float]:
    """Return the model's bytes, and how far it is from the stored one where the reference runs it.

    Raises: ExportDiffers.
    """
    predictor = samples.predictor
    columns = Columns.of(predictor, subject.job_spec)
    model = _exported(predictor)
    graph = model.graph
    names = _free(ANSWERS.get(predictor.preprocessing.task, OF_CLASSES), columns.names)
    nodes, given = columns.nodes(graph.input[0].name)
    del graph.input[:]
    graph.input.extend(given)
    for node in reversed(nodes):
        graph.node.insert(0, node)
    _name_outputs(graph, names, predictor)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", ML_VERSION))
    helper.set_model_props(model, _about(subject, predictor))
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    return content, difference(samples, _tried(model, columns, samples))


def _exported(predictor: Predictor) -> Any:
    """Return the model from cells to answers, as PyTorch exports it."""
    whole = WholeModel(predictor).eval()
    # Two rows: of one, the exporter would take it that there is always one.
    example = torch.zeros(2, int(np.prod(predictor.shape)))
    if predictor.preprocessing.inputs[0].shape is None:
        example = torch.zeros(2, len(predictor.preprocessing.inputs))
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of the exporter's own code
        program = torch.onnx.export(whole, (example,), dynamo=True, dynamic_shapes=({0: torch.export.Dim(BATCH)},))
    assert program is not None
    model = compose.add_prefix(program.model_proto, CORE)
    del model.graph.value_info[:]
    return model


def _name_outputs(graph: Any, names: tuple[str, ...], predictor: Predictor) -> None:
    """Give the outputs their names; the position of a class becomes the class itself."""
    classes = predictor.preprocessing.classes
    found: list[Any] = []
    for name, old in zip(names, list(graph.output), strict=False):
        kind, shape = old.type.tensor_type.elem_type, [BATCH, *(it.dim_value for it in _dims(old)[1:])]
        if classes is not None and not found:
            table = numpy_helper.from_array(_table(classes), f"{CORE}classes")
            graph.initializer.append(table)
            graph.node.append(helper.make_node("Gather", [table.name, old.name], [name]))
            kind = table.data_type
        else:
            graph.node.append(helper.make_node("Identity", [old.name], [name]))
        found.append(helper.make_tensor_value_info(name, kind, shape))
    del graph.output[:]
    graph.output.extend(found)


def _dims(value: Any) -> list[Any]:
    return list(value.type.tensor_type.shape.dim)


def _table(classes: list[Any]) -> np.ndarray:
    """Return the classes in a type that ONNX has."""
    if all(isinstance(one, str) for one in classes):
        return np.array(classes, dtype=object)
    if all(isinstance(one, bool) for one in classes):
        return np.array(classes, dtype=bool)
    whole = all(isinstance(one, int) for one in classes)
    return np.array(classes, dtype=np.int64 if whole else np.float32)


def _free(names: tuple[str, ...], taken: list[str]) -> tuple[str, ...]:
    """Return names that no input has."""
    return tuple(f"{name}_" if name in taken else name for name in names)


def _about(subject: Subject, predictor: Predictor) -> dict[str, str]:
    return {
        "job": subject.job,
        "name": subject.name,
        "checkpoint": subject.checkpoint["id"],
        "epoch": str(subject.checkpoint["epoch"]),
        "weights_sha256": predictor.weights_sha256,
        "task": predictor.preprocessing.task,
    }


def _tried(model: Any, columns: Columns, samples: Samples) -> np.ndarray:
    """Return what the model answers where ONNX's own reference runs it: (rows, answers)."""
    with np.errstate(all="ignore"):
        found: Any = ReferenceEvaluator(model).run(None, columns.feed(samples.cells))
    if samples.predictor.preprocessing.task != "regression":
        return np.asarray(found[1])
    return np.concatenate(found, 1)
