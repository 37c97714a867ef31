"""Predicts every row of a stored table, piece by piece: memory is bounded by the size of a piece, not of the table."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from services.errors import InvalidRequest
from services.predictions.formats.outgoing import answer_columns
from services.predictions.formats.pieces import joined, piece_of
from services.predictions.outputs import outputs_of
from services.predictions.table_cells import TableCells
from services.training.input.preprocessing import Preprocessing
from services.training.loop.watch import check
from services.training.predictor import Predictor
from services.training_errors import TrainingFailed

PIECE_ROWS = 131_072  #: most rows of a piece of the output
PIECE_CELLS = 500_000  #: and most of its numbers
BLOCK_ROWS = 8_192  #: most rows that go through the model at once
BLOCK_BYTES = 16 << 20  #: and most bytes of what one layer makes of them


@dataclass(frozen=True)
class BatchRun:
    """A model, the table that it predicts, and how its rows are read and its answers written."""

    predictor: Predictor
    table: np.ndarray  #: (rows, columns) float32, a map of the file
    cells: TableCells
    format: str
    receipt: dict[str, str]
    stop_requested: Callable[[], str | None]

    def piece(self, first: int, rows: int) -> bytes:
        """Return the piece of the output for some rows.

        Raises: StopRequested between two blocks; TrainingFailed naming the row and the column of a value of no use.
        """
        size = block_rows(self.predictor, self.table.shape[1])
        parts = []
        for start in range(first, first + rows, size):
            check(self.stop_requested)
            block = self._rows(start, min(size, first + rows - start))
            try:
                outputs = outputs_of(self.predictor, self.cells(block, start))
            except InvalidRequest as error:
                raise TrainingFailed(f"The rows can't be predicted. {error.faults[0].detail}") from error
            parts.append(answer_columns(outputs, self.predictor.preprocessing))
        return piece_of(joined(parts), self.format, first=first == 0, about=self.receipt)

    def _rows(self, first: int, count: int) -> np.ndarray:
        """Return rows as a copy of their own: pages of the map would count as memory of this process for as long."""
        columns = self.table.shape[1]
        offset = first * columns * self.table.itemsize
        name = getattr(self.table, "filename", None)
        if name is None:
            return np.array(self.table[first : first + count])
        return np.fromfile(name, dtype=self.table.dtype, count=count * columns, offset=offset).reshape(count, columns)


def on_one_thread() -> None:
    """Let this process compute on one thread, as trainers do: the bits depend on it."""
    torch.set_num_threads(1)


def piece_rows(preprocessing: Preprocessing) -> int:
    """Return how many rows a piece of the output has: fewer where each has many numbers."""
    columns = 1 + max(preprocessing.outputs, len(preprocessing.classes or preprocessing.targets))
    return max(1, min(PIECE_ROWS, PIECE_CELLS // columns))


def block_rows(predictor: Predictor, columns: int) -> int:
    """Return how many rows of so many columns go through a model at once: fewer where its layers are wide."""
    widest = max(columns, widest_layer(predictor))
    return int(max(1, min(BLOCK_ROWS, BLOCK_BYTES // (4 * widest))))


@torch.inference_mode()
def widest_layer(predictor: Predictor) -> int:
    """Return the most numbers that a layer of the model makes of one row."""
    widest = int(np.prod(predictor.shape))

    def note(_module: nn.Module, _inputs: object, output: object) -> None:
        nonlocal widest
        if isinstance(output, Tensor):
            widest = max(widest, output.numel())

    handles = [module.register_forward_hook(note) for module in predictor.model.modules()]
    try:
        predictor.model(torch.zeros(1, *predictor.shape))
    finally:
        for handle in handles:
            handle.remove()
    return widest
