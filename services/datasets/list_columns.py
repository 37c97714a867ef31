"""Cells that are lists, as pictures in Parquet are, become a column for each value."""

import pyarrow as pa
import pyarrow.compute as pc

from services.datasets.table_limits import TableLimits
from services.errors import Fault, InvalidRequest


def spread(batch: pa.RecordBatch, widths: dict[str, int], limits: TableLimits) -> pa.RecordBatch:
    """Return the batch with each column of lists as the columns <name>0 ..., nested lists row-major.

    `widths` remembers, from batch to batch, how many values the lists of each column have.
    Raises: InvalidRequest when a column's lists are not all of one length, or a list is missing; TooLarge.
    """
    if not any(is_list(cells.type) for cells in batch.columns):
        return batch
    columns: dict[str, pa.Array] = {}
    for name, cells in zip(batch.schema.names, batch.columns, strict=True):
        if not is_list(cells.type):
            columns[name] = cells
            continue
        values = _flattened(name, cells)
        width = len(values) // max(1, len(cells))
        if widths.setdefault(name, width) != width:
            raise _ragged(name)
        limits.check_columns(len(columns) + width)
        columns |= {f"{name}{n}": values.take(pa.array(range(n, len(values), width))) for n in range(width)}
    return pa.record_batch(list(columns.values()), names=list(columns))


def _flattened(name: str, cells: pa.Array) -> pa.Array:
    while is_list(cells.type):
        if cells.null_count or len(pc.unique(pc.list_value_length(cells))) > 1:
            raise _ragged(name)
        cells = cells.flatten()
    return cells


def _ragged(name: str) -> InvalidRequest:
    detail = f"column {name!r} has lists of different lengths, or none in some row; all must have the same shape"
    hint = "pad them to one length, or leave the column out"
    return InvalidRequest([Fault("#/data", "ragged_row", detail, hint=hint, location={"column": name})])


def is_list(kind: pa.DataType) -> bool:
    """Return whether cells of a type are lists."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
