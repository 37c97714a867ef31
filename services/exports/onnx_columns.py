"""The inputs of an ONNX model, one a column, and the nodes that make cells of them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from services.cell_texts import MISSING
from services.exports.plain.cells import UNSEEN
from services.specs.schema.job import JobSpec
from services.training.input.column_inputs import Input
from services.training.predictor import Predictor

BATCH = "batch"


@dataclass(frozen=True)
class Columns:
    """The columns of a model, or the one tensor that its features are."""

    inputs: list[Input]
    tensor: tuple[str, tuple[int, ...]] | None  #: name and shape of one row

    @classmethod
    def of(cls, predictor: Predictor, spec: JobSpec) -> "Columns":
        """Return the columns of a model."""
        inputs = predictor.preprocessing.inputs
        named = [name for name, chosen in spec.data.columns.items() if chosen.type == "tensor"]
        if inputs[0].shape is None and not named:
            return cls(inputs, None)
        return cls(inputs, (named[0] if named else inputs[0].name, predictor.shape))

    @property
    def names(self) -> list[str]:
        """The names of the inputs."""
        return [self.tensor[0]] if self.tensor else [column.name for column in self.inputs]

    def nodes(self, cells: str) -> tuple[list[Any], list[Any]]:
        """Return the nodes that make the value `cells`, (batch, columns), and the inputs of the graph."""
        if self.tensor:
            name, shape = self.tensor
            tensor = helper.make_tensor_value_info(name, TensorProto.FLOAT, [BATCH, *shape])
            return [helper.make_node("Flatten", [name], [cells], axis=1)], [tensor]
        nodes: list[Any] = []
        given: list[Any] = []
        parts: list[str] = []
        for n, column in enumerate(self.inputs):
            is_text = column.type == "category"
            kind = TensorProto.STRING if is_text else TensorProto.FLOAT
            given.append(helper.make_tensor_value_info(column.name, kind, [BATCH, 1]))
            parts.append(f"{cells}/{n}" if is_text else column.name)
            if is_text:
                nodes.append(_encoder(column, parts[-1]))
        return [*nodes, helper.make_node("Concat", parts, [cells], axis=1)], given

    def feed(self, cells: np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs for rows of cells, (rows, columns) float32."""
        if self.tensor:
            name, shape = self.tensor
            return {name: cells.reshape(-1, *shape)}
        found = {}
        for n, column in enumerate(self.inputs):
            values = cells[:, n : n + 1]
            if column.type == "category":
                texts = ["" if cell != cell else str((column.values or [])[int(cell)]) for cell in values[:, 0]]
                found[column.name] = np.array(texts, dtype=object)[:, None]
            else:
                found[column.name] = values
        return found


def _encoder(column: Input, output: str) -> Any:
    """Return the node that turns the texts of a category into their positions, and texts for no value into NaN."""
    codes = {str(value): float(n) for n, value in enumerate(column.values or [])}
    codes = {text: math.nan for text in MISSING if text not in codes} | codes
    return helper.make_node(
        "LabelEncoder",
        [column.name],
        [output],
        domain="ai.onnx.ml",
        keys_strings=list(codes),
        values_floats=list(codes.values()),
        default_float=UNSEEN,
    )
