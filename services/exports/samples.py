"""The rows that an export is tried with before it is handed out, and what the stored model answers for them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from services.columns import TableInfo
from services.datasets.cells import value_of
from services.exports.subject import Subject
from services.training.input import random_state
from services.training.input.plugin_data import reopened
from services.training.input.scaling import Linear
from services.training.input.split import split
from services.training.predictor import Predictor

MOST, MOST_VALUES = 200, 200_000  #: rows, and numbers in them
SPLIT_ROWS = 1_000_000  #: of a larger table any rows are taken: splitting it takes longer


@dataclass(frozen=True)
class Samples:
    """Some rows of a job's data, those that validated it if there are any. Shapes: cells (rows, features) float32."""

    cells: np.ndarray
    numbers: list[int]  #: of the rows in the data set
    part: str  #: validation, training, or all where nobody looked
    info: TableInfo
    predictor: Predictor
    train_rows: int = 0  #: how many rows train

    @cached_property
    def expected(self) -> np.ndarray:
        """What the stored model answers: (rows, answers) float32, values in original units or probabilities."""
        return answers(self.predictor, self.cells)

    @property
    def texts(self) -> list[list[str]]:
        """The rows as a CSV has them, the names of the columns first."""
        if self.predictor.preprocessing.inputs[0].shape is not None:
            names = [f"x{n}" for n in range(self.cells.shape[1])]
            return [names, *([repr(value) for value in row] for row in self.cells.tolist())]
        names = [column.name for column in self.predictor.preprocessing.inputs]
        columns = [self.info.column(name) for name in names]
        rows = [
            ["" if cell != cell else str(value_of(cell, column)) for cell, column in zip(row, columns, strict=True)]
            for row in self.cells.tolist()
        ]
        return [names, *rows]


def samples(subject: Subject, predictor: Predictor) -> Samples:
    """Return rows to try a model with.

    Raises: DataUnreadable; DataChanged; PluginError.
    """
    spec, info = subject.job_spec, subject.rows.info
    rows, part, trains = np.arange(info.rows), "all", 0
    if info.rows <= SPLIT_ROWS:
        table = np.empty((info.rows, 0), dtype=np.float32) if spec.data.plugin else _table(subject, info)
        parts = split(spec, info, table)
        trains = int(parts.train.sum())
        part = "validation" if parts.validation.any() else "training"
        rows = np.flatnonzero(parts.validation if part == "validation" else parts.train)
    width = int(np.prod(predictor.shape))
    count = min(len(rows), MOST, max(2, MOST_VALUES // width))
    rows = rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)]
    return Samples(_cells(subject, info, rows, predictor), rows.tolist(), part, info, predictor, trains)


def answers(predictor: Predictor, cells: np.ndarray) -> np.ndarray:
    """Return what a model answers for cells: (rows, answers) float32, values and deviations, or probabilities."""
    if predictor.preprocessing.task != "regression":
        return predictor.probabilities(cells).numpy()
    values, deviations = predictor.values_and_deviations(cells)
    return (values if deviations is None else torch.cat([values, deviations], 1)).numpy()


def spread(predictor: Predictor) -> np.ndarray:
    """Return in what units answers are compared: of values the spread of the training targets, of probabilities 1."""
    if predictor.preprocessing.task != "regression":
        return np.ones(1)
    scalings = predictor.preprocessing.target_scaling
    found = np.array([1 / abs(it.factor) if isinstance(it, Linear) else 1.0 for it in scalings])
    return np.tile(found, 2) if predictor.preprocessing.loss == "gaussian_nll" else found


def _table(subject: Subject, info: TableInfo) -> np.ndarray:
    shape = (info.rows, len(info.columns))
    return np.memmap(str(subject.rows.table), dtype="<f4", mode="r", shape=shape)


def _cells(subject: Subject, info: TableInfo, rows: np.ndarray, predictor: Predictor) -> np.ndarray:
    spec = subject.job_spec
    if spec.data.plugin is not None:
        data = reopened(spec.data.plugin, info, subject.rows.sha256)
        with random_state.apart():  # an item may draw numbers, which others in this process wait for
            random_state.begin(spec.seed or 0)
            return np.stack([data.fitting(int(row), info)[0].reshape(-1).numpy() for row in rows])
    places = [info.names.index(column.name) for column in predictor.preprocessing.inputs]
    return np.ascontiguousarray(_table(subject, info)[rows][:, places])
