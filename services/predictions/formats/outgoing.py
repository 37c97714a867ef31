"""Answers as CSV, Parquet, Arrow or NPY: `prediction` first, then what belongs to it."""

import csv
import io
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from services.cell_texts import safe_cell
from services.predictions.formats.media import Media
from services.predictions.outputs import Outputs
from services.training.input.preprocessing import Preprocessing


def written(outputs: Outputs, preprocessing: Preprocessing, media: Media, output: str, about: dict[str, str]) -> bytes:
    """Return the answers in a format; `about` is kept in the schema where there is one."""
    if media is Media.NPY:
        return _npy(outputs, output)
    columns = answer_columns(outputs, preprocessing, output)
    if media is Media.CSV:
        return _csv(columns)
    table = pa.table(columns).replace_schema_metadata(about)
    sink = io.BytesIO()
    if media is Media.PARQUET:
        parquet.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    return sink.getvalue()


def answer_columns(outputs: Outputs, preprocessing: Preprocessing, output: str = "all") -> dict[str, Any]:
    """Return the columns of an answer: arrays, (rows,), and lists of labels."""
    several = len(preprocessing.targets) > 1
    found: dict[str, Any] = {}
    if output in {"all", "predictions"}:
        if outputs.values is not None:
            found |= _named("prediction", outputs.values.numpy(), preprocessing.targets if several else None)
        elif preprocessing.classes is None:
            found |= _named("prediction", np.asarray(outputs.labels), preprocessing.targets)
        else:
            found["prediction"] = outputs.labels
    if output in {"all", "probabilities"} and outputs.probabilities is not None:
        names = [str(name) for name in preprocessing.classes or preprocessing.targets]
        found |= _named("p", outputs.probabilities.numpy(), names)
    if output in {"all", "deviations"} and outputs.deviations is not None:
        found |= _named("deviation", outputs.deviations.numpy(), preprocessing.targets if several else None)
    return found


def _named(stem: str, cells: np.ndarray, names: list[str] | None) -> dict[str, np.ndarray]:
    return {f"{stem}_{name}" if names else stem: cells[:, n] for n, name in enumerate(names or [""])}


def _csv(columns: dict[str, Any]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([safe_cell(name) for name in columns])
    cells = [values.tolist() if isinstance(values, np.ndarray) else values for values in columns.values()]
    for row in zip(*cells, strict=True):
        writer.writerow([safe_cell(value) for value in row])
    return text.getvalue().encode()


def _npy(outputs: Outputs, output: str) -> bytes:
    chosen = outputs.values if outputs.values is not None else outputs.probabilities
    if output == "deviations" and outputs.deviations is not None:
        chosen = outputs.deviations
    cells = np.zeros((0,)) if chosen is None else chosen.numpy()
    if outputs.values is not None and cells.ndim == 2 and cells.shape[1] == 1:
        cells = cells[:, 0]
    sink = io.BytesIO()
    np.lib.format.write_array(sink, np.ascontiguousarray(cells), allow_pickle=False)
    return sink.getvalue()
