"""What a mini-batch loop reads, and what it comes to: a part of the scripts of a bundle."""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler

from services.cell_texts import BOOLEANS, number_of
from services.exports.plain.features import scaled
from services.training.input.rows import order

Costs = tuple[list[float], list[float | None], str]  #: of training and validation by epoch, and the weights' SHA-256


class Examples(Dataset[Any]):
    """Features and targets in memory, a row an example."""

    def __init__(self, features: Tensor, targets: Tensor) -> None:
        self.features = features
        self.targets = targets

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        return self.features[row], self.targets[row]

    def __getitems__(self, rows: Any) -> tuple[Tensor, Tensor]:
        """Return a whole batch at once, so that the DataLoader need not put it together row by row."""
        return self.features[rows], self.targets[rows]


class EpochBatches(Sampler[Any]):
    """The batches of an epoch as row numbers, in an order that seed and epoch alone decide."""

    def __init__(self, rows: int, batch_size: int, *, seed: int, shuffle: bool, drop_last: bool) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.epoch = 1

    def __len__(self) -> int:
        return self.rows // self.batch_size if self.drop_last else -(-self.rows // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        rows = order(self.rows, self.seed, self.epoch) if self.shuffle else torch.arange(self.rows)
        yield from torch.split(rows, self.batch_size)[: len(self)]


def measured(examples: Examples, batch_size: int) -> "DataLoader[Any]":
    """Return the batches of rows that are measured, in their own order."""
    # Generators of their own: the global one belongs to the model.
    return DataLoader(examples, batch_size, collate_fn=as_it_is, generator=torch.Generator())


def as_it_is(batch: Any) -> Any:
    """Return a batch that is one already."""
    return batch


def preprocessing() -> dict[str, Any]:
    """Return what becomes of each column, as the file beside this script says."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "preprocessing.json").read_text(encoding="utf-8"))
    return found


def texts_of(names: list[str], rows: list[list[str]], name: str) -> list[str]:
    """Return the texts of a column."""
    if name not in names:
        raise SystemExit(f"The file has no column {name!r}.")
    return [row[names.index(name)] for row in rows]


def number_cells(texts: list[str], name: str) -> np.ndarray:
    """Return numbers, or booleans as 0 and 1: (rows,) float32."""
    found = [float(BOOLEANS[text]) if text in BOOLEANS else number_of(text) for text in texts]
    if None in found:
        raise SystemExit(f"Row {found.index(None)}: {texts[found.index(None)]!r} is no number; column {name!r}.")
    return np.array(found, dtype=np.float32)


def class_numbers(texts: list[str], name: str, classes: list[Any]) -> np.ndarray:
    """Return the place of each row's class among the classes: (rows,) int64."""
    if all(isinstance(one, str) for one in classes):
        codes: dict[Any, int] = {one: n for n, one in enumerate(classes)}
        keys: Sequence[Any] = texts
    elif all(isinstance(one, bool) for one in classes):
        codes, keys = {one: n for n, one in enumerate(classes)}, [BOOLEANS.get(text) for text in texts]
    else:
        codes = {float(np.float32(one)): n for n, one in enumerate(classes)}
        keys = [None if number_of(text) is None else float(np.float32(text)) for text in texts]
    for number, key in enumerate(keys):
        if key not in codes:
            raise SystemExit(f"Row {number}: {texts[number]!r} is no class of column {name!r}.")
    return np.array([codes[key] for key in keys], dtype=np.int64)


def encoded_targets(names: list[str], rows: list[list[str]], about: dict[str, Any]) -> Tensor:
    """Return what the loss compares with: (rows, targets) float32, or the classes (rows,) int64."""
    targets = about["targets"]
    if about["classes"] is None:
        cells = np.stack([number_cells(texts_of(names, rows, name), name) for name in targets], 1)
        return scaled(torch.from_numpy(cells), about["target_scaling"])
    numbers = torch.from_numpy(class_numbers(texts_of(names, rows, targets[0]), targets[0], about["classes"]))
    return numbers[:, None].float() if about["task"] == "binary" else numbers


def check_data(rows: int, cells: np.ndarray, wanted_rows: int, wanted_sha256: str) -> None:
    """Say so if these are not the rows that the job was trained on, in their order."""
    if rows != wanted_rows:
        raise SystemExit(f"The file has {rows} rows; the job was trained on {wanted_rows}.")
    if hashlib.sha256(np.ascontiguousarray(cells).tobytes()).hexdigest() != wanted_sha256:
        print("These are not the features that the job was trained on: other costs will come out.", file=sys.stderr)


def mean_cost(costs: list[Tensor], amounts: list[tuple[float, float]]) -> float:
    """Return sum(weight x cost) / sum(weight): a batch counts by its rows, or by the weights of its rows."""
    exact, parts = torch.stack(costs).numpy().astype(np.float64), np.asarray(amounts)
    return float((exact * parts[:, 0]).sum() / parts[:, 1].sum())


@torch.no_grad()
def measured_cost(model: nn.Module, cost_function: nn.Module, batches: Any, amounts_of: Any) -> float:
    """Return the mean cost of rows that are not trained on."""
    model.eval()
    costs, amounts = [], []
    for features, targets in batches:
        costs.append(cost_function(model(features), targets))
        amounts.append(amounts_of(cost_function, targets))
    exact, (sums, weights) = torch.stack(costs).numpy().astype(np.float64), np.array(amounts).T
    return float((exact * sums).sum() / weights.sum())


def by_rows(_: nn.Module, targets: Tensor) -> tuple[float, float]:
    """Return by what a batch counts: its rows."""
    return len(targets), len(targets)


def balanced_class_weights(targets: Tensor, classes: int) -> Tensor:
    """Return the weight of each class: rows / (classes x rows of the class)."""
    counts = torch.bincount(targets.long().reshape(-1), minlength=classes).tolist()
    return torch.tensor([len(targets) / (classes * max(1, count)) for count in counts])


def balanced_positive_weights(targets: Tensor) -> Tensor:
    """Return the weight of the rows that have a label: rows without it / rows with it."""
    return torch.tensor([(len(targets) - int(n)) / max(1, int(n)) for n in targets.sum(0)])


def bins_of(features: Tensor, numbers: int, most_bins: int, most_rows: int) -> list[Tensor]:
    """Return, for each number, the edges of bins of as many training rows each. Shapes: features (rows, inputs)."""
    shares = np.linspace(0.0, 1.0, most_bins + 1)
    return [edges_of(np.quantile(features[:most_rows, n].double().numpy(), shares)) for n in range(numbers)]


def edges_of(quantiles: np.ndarray) -> Tensor:
    """Return edges so far apart in float32 that a bin can be divided by its width; of a constant two."""
    edges = np.unique(quantiles.astype(np.float32))
    edges = edges[np.diff(edges, prepend=-np.inf) >= np.finfo(np.float32).tiny]
    if len(edges) == 1:
        width = np.maximum(np.float32(1), np.abs(edges))
        edges = np.concatenate(
            [edges, edges + width] if edges[0] < np.finfo(np.float32).max / 2 else [edges - width, edges]
        )
    return torch.from_numpy(edges)


def main(train: Callable[[str], Costs]) -> None:
    """Train on the file that the command line names, and print the costs."""
    parser = argparse.ArgumentParser(description="Train the model again, to the bit.")
    parser.add_argument("--data", required=True, metavar="FILE.csv", help="the rows that the job was trained on")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    train_costs, val_costs, sha256 = train(arguments.data)
    for epoch, (train_cost, val_cost) in enumerate(zip(train_costs, val_costs, strict=True), 1):
        validated = "" if val_cost is None else f"  val_cost {val_cost:.6g}"
        print(f"epoch {epoch}  train_cost {train_cost:.6g}{validated}")
    if arguments.json:
        print(json.dumps({"train_cost": train_costs, "val_cost": val_costs, "weights_sha256": sha256}))
