"""The jobs that every kind of export is tried with: the tutorial's, mixed columns, pictures, series, many nets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from services.exports.subject import Subject
from tests.exported import csv_of, make_subject
from tests.stack import TUTORIAL

RANDOM = np.random.default_rng(7)
ROWS = 150
SERIES = RANDOM.normal(0, 1, (ROWS, 2 * 12)).cumsum(1).round(3)
AGE = [None if n % 11 == 0 else float(n % 60) + 0.5 for n in range(ROWS)]
CITY = ["", "Seoul", "Oslo, N", 'São "P"', "Lima", "=1+1"]
CITIES = [CITY[n * n % 5 + (n % 7 == 0)] for n in range(ROWS)]
MEMBER = [["true", "false", ""][n % 3] for n in range(ROWS)]
CODES = [f"item {n % 60}" for n in range(ROWS)]
MIXED = {"age": AGE, "city": CITIES, "member": MEMBER, "item": CODES, "skewed": np.exp(SERIES[:, 0]).round(4).tolist()}
PRICE = [(age or 20) * 3.0 + 40 * len(city) + n % 7 for n, (age, city) in enumerate(zip(AGE, CITIES, strict=True))]
KIND = [["low", "mid", "high"][int(price) % 3] for price in PRICE]
STEPS = {f"s{n}": SERIES[:, n].tolist() for n in range(24)}
CONV = {"type": "conv1d", "out": 6, "kernel_size": 3, "padding": 1}
SERIES_NET = ["flatten", {"type": "unflatten", "shape": [2, 12]}, CONV, "relu", {"type": "batch_norm"}]
SERIES_NET += [{"type": "residual", "layers": [CONV, "silu"]}, "flatten", {"type": "linear", "out": "auto"}]
AUTO = {"type": "linear", "out": "auto"}


def tutorial(folder: Path, **parts: Any) -> Subject:
    """The tutorial's job, from a file with the names that inline rows have."""
    data = TUTORIAL["data"]
    columns = {f"x{n}": [row[n] for row in data["x"]] for n in range(3)}
    text = csv_of(columns | {"y": [row[0] if isinstance(row, list) else row for row in data["y"]]})
    given = {name: value for name, value in TUTORIAL.items() if name != "data"}
    options = {name: value for name, value in data.items() if name not in {"x", "y"}}
    return make_subject(folder, text, **given | {"data": {"target": "y", **options}, "epochs": 60} | parts)


def mixed(folder: Path, **parts: Any) -> Subject:
    """Numbers, categories few and many, booleans, and values that are missing."""
    given = {"data": {"target": "price"}, "model": "mlp", "epochs": 6}
    return make_subject(folder, csv_of(MIXED | {"price": PRICE}), **given | parts)


def many_nets(folder: Path, **parts: Any) -> Subject:
    """TabM on the same columns, three classes."""
    given = {"data": {"target": "kind"}, "model": {"type": "tabm", "k": 4, "hidden": [16, 16]}, "epochs": 4}
    return make_subject(folder, csv_of(MIXED | {"kind": KIND}), **given | parts)


def pictures(folder: Path, **parts: Any) -> Subject:
    """A convolutional net on the digits, every pixel a column."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    columns = {f"pixels{n}": digits.data[:300, n].tolist() for n in range(64)}
    tensor = {"pixels": {"type": "tensor", "shape": [1, 8, 8]}}
    model = {"type": "cnn", "channels": [4, 8], "hidden": [16], "dropout": 0.2, "norm": "batch"}
    text = csv_of(columns | {"digit": [f"d{n}" for n in digits.target[:300]]})
    given = {"data": {"target": "digit", "columns": tensor}, "model": model, "epochs": 3}
    return make_subject(folder, text, **given | parts)


def series(folder: Path, **parts: Any) -> Subject:
    """A net of one's own over (channels, length), two classes."""
    labels = ["up" if row[-1] > 0 else "down" for row in SERIES]
    given = {"data": {"target": "trend"}, "model": {"type": "layers", "layers": SERIES_NET}, "epochs": 4}
    return make_subject(folder, csv_of(STEPS | {"trend": labels}), **given | parts)


def recurrent(folder: Path, **parts: Any) -> Subject:
    """An LSTM over (channels, length): two layers, both directions."""
    tensor = {"s": {"type": "tensor", "shape": [2, 12]}}
    model = {"type": "lstm", "hidden": 6, "layers": 2, "bidirectional": True, "dropout": 0.1}
    given = {"data": {"target": "level", "columns": tensor}, "model": model, "epochs": 4, "optimizer": "adam"}
    return make_subject(folder, csv_of(STEPS | {"level": SERIES[:, 11].tolist()}), **given | parts)


def quantiles(folder: Path, **parts: Any) -> Subject:
    """Two targets with their deviations, and numbers by their ranks."""
    columns = {"a": MIXED["skewed"], "b": SERIES[:, 1].round(1).tolist(), "y": PRICE, "z": SERIES[:, 2].tolist()}
    given = {"data": {"target": ["y", "z"], "scale": "quantile"}, "loss": "gaussian_nll", "epochs": 4}
    return make_subject(folder, csv_of(columns), **given | {"model": {"type": "mlp", "hidden": [16]}} | parts)


CASES: dict[str, Callable[..., Subject]] = {
    "tutorial": tutorial,
    "mixed": mixed,
    "many nets": many_nets,
    "pictures": pictures,
    "series": series,
    "recurrent": recurrent,
    "quantiles": quantiles,
}
