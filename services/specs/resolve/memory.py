"""How much memory a training takes beyond that of a trainer that has not begun, by formula.

Each phase is what is held at its fullest moment; the table's own file is left out, since the kernel takes its pages
back. `tests/integration/services/test_estimates.py` compares it with what trainers take.
"""

from dataclasses import dataclass, replace
from typing import Any

from services.columns import Column, TableInfo
from services.specs.resolve.features import input_width, is_category, options, output_width, parts
from services.specs.schema.data import ColumnOptions
from services.specs.schema.job import JobSpec
from services.specs.schema.optimizers import SGD, Adagrad, RMSprop

IN_MEMORY_BYTES = 256 << 20  #: a larger table is read in blocks
LEARN_BYTES = 64 << 20  #: and so much of it says how it is scaled
COMPARED_CELLS = 20_000_000  #: of training rows, and a quarter of them of others, are searched for duplicates
FLOAT_BYTES = 4
BEGUN_BYTES = 3 << 20  #: of any training
TRACED_BYTES = 8 << 20  #: of one whose steps are traced
PRODUCT_BYTES = 32 << 20  #: that the library of matrices and kernels keeps for itself
PRODUCT_FROM = 1 << 22  #: once a batch takes so many multiplications
STEP_BYTES = 500  #: the cost of a batch as a tensor, until the epoch ends
ROW_BYTES = 64  #: of a row's place in an epoch, and of a column's numbers while their scaling is learnt
ALONE = 1  #: the fewest rows that go through the net at once
LEAST_MEASURED = 32  #: and the fewest that are measured at once, however little memory there is
TRACE_FROM = 200  #: fewer steps take less time than tracing one


@dataclass(frozen=True)
class Batches:
    """How many rows go through the net at once, while it is trained and while it is measured."""

    trained: int
    measured: int


def memory_bytes(spec: JobSpec, info: TableInfo, summary: dict[str, Any], steps_per_epoch: int) -> tuple[int, int]:
    """Return the bytes that each process of a job takes, and the least that it takes if it halves its batches."""
    train, *others = parts(spec, info)
    batch = train if spec.batch_size == "full" else min(int(spec.batch_size), train)
    share = -(-batch // spec.processes)
    at_once = Batches(min(spec.micro_batch_size or share, share), min(spec.validation.rows, max(others)))
    if spec.validation.train_eval:
        at_once = replace(at_once, measured=min(spec.validation.rows, train))
    if spec.data.plugin is not None:  # its items are measured in batches of the same size
        at_once = replace(at_once, measured=min(at_once.measured, batch))
    own = BEGUN_BYTES + (TRACED_BYTES if spec.epochs * steps_per_epoch >= TRACE_FROM else 0)
    reading, held = _data(spec, info, batch)
    held += weight_bytes(spec, summary) + STEP_BYTES * steps_per_epoch
    least = Batches(ALONE, min(LEAST_MEASURED, at_once.measured))
    expected, fewest = (own + max(reading, held + _busiest(spec, summary, some)) for some in (at_once, least))
    return expected, min(expected, fewest)


def _data(spec: JobSpec, info: TableInfo, batch: int) -> tuple[int, int]:
    """Return what the rows take at most while they are read, and what of it stays for the training."""
    width = (input_width(spec, info) + output_width(spec, info)) * FLOAT_BYTES
    if spec.data.plugin is not None:  # its items are read batch by batch
        return 0, 2 * batch * width
    train, validation, test = parts(spec, info)
    row = len(info.columns) * FLOAT_BYTES
    if info.rows * row > IN_MEMORY_BYTES:
        sampled = min(train, LEARN_BYTES // row)
        return sampled * (row + width + ROW_BYTES) + info.rows * 20, info.rows * 12 + 2 * batch * width
    mixed = any(_joins(info.column(name), options(spec, name)) for name in spec.data.inputs)
    encoded = (train + validation + test) * width
    passing = max(
        (train * width if mixed else 0),  # the parts of a row are joined
        max(validation, test) * row,
        2 * FLOAT_BYTES * _compared(train, validation, len(info.columns)),
    )
    return train * (row + ROW_BYTES) + encoded + passing, encoded + info.rows * 24 + 2 * batch * width


def _joins(column: Column, chosen: ColumnOptions) -> bool:
    """Return whether a column's inputs are made apart from those of the numbers."""
    return bool(column.missing) or column.coded or is_category(column, chosen)


def _compared(train: int, validation: int, columns: int) -> int:
    """Return how many cells are compared to find rows on both sides of the split; they are shuffled in a copy."""
    if not validation:
        return 0
    return min(train * columns, COMPARED_CELLS) + min(validation * columns, COMPARED_CELLS // 4)


def weight_bytes(spec: JobSpec, summary: dict[str, Any]) -> int:
    """Return what weights, gradients, the optimizer's state and the copy of the best epoch take."""
    return int(summary["size_bytes"]) * (3 + moments(spec))


def _busiest(spec: JobSpec, summary: dict[str, Any], rows: Batches) -> int:
    """Return the most that a step, a measurement or the storing of an epoch takes; they come one after the other."""
    weights = int(summary["size_bytes"])
    passing, kept = int(summary.get("passing_bytes", 0)), int(summary.get("kept_bytes", 0))
    products = PRODUCT_BYTES if rows.trained * summary.get("operations", 0) >= PRODUCT_FROM else 0
    state = weights * (1 + moments(spec) + (1 if getattr(spec.split, "test", None) else 0))
    return max(
        rows.trained * (kept + 2 * passing) + weights + products,
        rows.measured * 2 * passing + products,
        # As bytes: the best weights, and the state to go on from, which is read back to be verified.
        spec.checkpoint.keep_best * weights + 3 * state,
    )


def moments(spec: JobSpec) -> int:
    """Return how many numbers an optimizer keeps for each parameter."""
    optimizer = spec.optimizer
    if isinstance(optimizer, SGD):
        return 1 if optimizer.momentum else 0
    if isinstance(optimizer, RMSprop):
        return 1 + bool(optimizer.momentum) + optimizer.centered
    return 1 if isinstance(optimizer, Adagrad) else 2
