"""Which rows train and which validate: a part of the scripts of a bundle. Each returns two masks, (rows,) bool."""

import hashlib
import math
from typing import Any

import numpy as np

from services.exports.plain.cells import column_cells
from services.training.input.rows import order

Part = float | int  #: a share of the rows, or how many
Masks = tuple[np.ndarray, np.ndarray]


def random_parts(rows: int, groups: np.ndarray, validation: Part, test: Part | None, seed: int) -> Masks:
    """Of each group of rows, in random order: the first validate, the next ones are left for a test."""
    shuffled = order(rows, seed, 0).numpy()
    trains, validates = np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool)
    for group in np.unique(groups):
        own = shuffled[groups[shuffled] == group]
        first, left = held(len(own), rows, validation), 0 if test is None else held(len(own), rows, test)
        trains[own[: first + left]], validates[own[:first]] = False, True
    return trains, validates


def time_parts(texts: list[str], column: dict[str, Any], validation: Part, test: Part | None) -> Masks:
    """The newest rows are left for a test, the ones before validate."""
    rows = len(texts)
    newest_first = np.argsort(-column_cells(texts, column).astype(np.float32), kind="stable")
    first, left = held(rows, rows, validation), 0 if test is None else held(rows, rows, test)
    trains, validates = np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool)
    trains[newest_first[: left + first]], validates[newest_first[left : left + first]] = False, True
    return trains, validates


def hash_parts(texts: list[str], column: dict[str, Any], validation: float, test: float | None) -> Masks:
    """A value's place on the circle of SHA-256 says where its rows go."""
    cells = column_cells(texts, column).astype(np.float32).tolist()
    shares = []
    for cell in cells:
        if column["type"] == "datetime":
            name = str(math.floor((column["origin"] or 0.0) + cell)) if cell == cell else "nan"
        else:
            name = repr(cell) if column["type"] == "number" else str(column["values"][int(cell)])
        shares.append(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64)
    found = np.array(shares)
    return found >= validation + (test or 0.0), found < validation


def column_parts(texts: list[str]) -> Masks:
    """A column says `train`, `validation` or `test`."""
    said = np.array(texts)
    return said == "train", said == "validation"


def held(rows: int, all_rows: int, part: Part) -> int:
    """Return how many rows of a group are held back, at least 1."""
    share = part if isinstance(part, float) else part / all_rows
    return max(1, round(rows * share))
