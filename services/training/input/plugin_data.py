"""A plug-in's Dataset: made by name, looked at when its job is submitted, and its items checked one by one.

An entry point of the group `batchyard.datasets` is called with the spec's `params` as keywords, and returns a
`torch.utils.data.Dataset` whose items are pairs of features and target.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from services.columns import Column, TableInfo
from services.specs.schema.data import PluginData
from services.training.entry_points import found, guarded
from services.training.input import random_state
from services.training_errors import DataChanged, PluginError

GROUP = "batchyard.datasets"
SEED = 0  #: of what a Dataset draws while it is made: every attempt must find the same items


@dataclass(frozen=True)
class Opened:
    """A Dataset of somebody else's code, how many items it has, and what it calls the classes."""

    name: str
    items: "Dataset[Any]"
    length: int
    classes: list[Any] | None

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return an item: features (*shape) float32, target () or (targets,), whole or boolean where it came so.

        Raises: PluginError naming the item.
        """
        with guarded(self.name, f"at item {number}", item=number):
            item = self.items[number]
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise self._wrong(number, f"is a {type(item).__name__}, not a pair of features and target")
        with guarded(self.name, f"at item {number}", item=number):
            features, target = _tensor(item[0]).float(), _tensor(item[1])
        if target.ndim > 1:
            raise self._wrong(number, f"has a target of the shape {list(target.shape)}; must be a number or a list")
        for what, values in (("features", features), ("a target", target.float())):
            if not values.numel():
                raise self._wrong(number, f"has {what} without a number")
            if not torch.isfinite(values).all():
                raise self._wrong(number, f"has {what} with a number that is not finite")
        return features, target

    def fitting(self, number: int, info: TableInfo) -> tuple[Tensor, Tensor]:
        """Return an item that has the shapes of the first: features (*shape) float32, target (targets,) float32.

        Raises: PluginError naming the item.
        """
        features, target = self[number]
        shape, targets = info.columns[0].shape or [1], len(info.columns) - 1
        if (list(features.shape) or [1]) != shape:
            raise self._wrong(number, f"has features of the shape {list(features.shape)}; item 0 has {shape}")
        if target.numel() != targets:
            raise self._wrong(number, f"has {target.numel()} targets; item 0 has {targets}")
        if self.classes is not None:
            self.check_class(number, target)
        return features.reshape(shape), target.reshape(targets).float()

    def check_class(self, number: int, target: Tensor) -> None:
        """Refuse what is no position in `classes`.

        Raises: PluginError naming the item.
        """
        whole = target.numel() == 1 and not target.is_floating_point()
        if not whole or not 0 <= int(target) < len(self.classes or []):
            most = len(self.classes or []) - 1
            raise self._wrong(number, f"has the target {target.tolist()}; must be a whole number from 0 to {most}")

    def _wrong(self, number: int, what: str) -> PluginError:
        return PluginError(f"Item {number} of the plug-in {self.name!r} {what}.", plugin=self.name, item=number)


def opened(spec: PluginData) -> Opened:
    """Make the Dataset that a spec names.

    Raises: PluginError.
    """
    point = found(GROUP, spec.name)
    with guarded(spec.name), random_state.apart():
        random_state.begin(SEED)
        made: Any = point.load()(**spec.params)
    if not isinstance(made, Dataset):
        raise PluginError(
            f"The plug-in {spec.name!r} returned a {type(made).__name__}, not a torch.utils.data.Dataset."
        )
    with guarded(spec.name, "at len()"):
        sized: Any = made
        length = len(sized)
    if length == 0:
        raise PluginError(f"The data set of the plug-in {spec.name!r} has no items.", plugin=spec.name)
    with guarded(spec.name, "at classes"):
        classes = getattr(made, "classes", None)
        labels = None if classes is None else [_label(label) for label in classes]
    return Opened(spec.name, made, length, labels)


def look(spec: PluginData) -> tuple[TableInfo, str]:
    """Return what the length and the first item tell of a Dataset, and the SHA-256 of what it is made from.

    Raises: PluginError.
    """
    data = opened(spec)
    with random_state.apart():
        random_state.begin(SEED)
        features, target = data[0]
    column = Column("x", "tensor", shape=list(features.shape) or [1])
    if data.classes is not None:
        data.check_class(0, target)
        info = TableInfo(data.length, [column, Column("y", "category", values=data.classes)])
        return info, sha256(spec, info)
    names = [f"y{n}" for n in range(target.numel())] if target.numel() > 1 else ["y"]
    if target.dtype == torch.bool:
        targets = [Column(name, "boolean", values=[False, True]) for name in names]
    else:
        targets = [Column(name, "number") for name in names]
    info = TableInfo(data.length, [column, *targets])
    return info, sha256(spec, info)


def sha256(spec: PluginData, info: TableInfo) -> str:
    """Return the SHA-256 of a Dataset's name, its parameters, the version of its package, and what `look` found.

    Raises: PluginError when it is not installed here.
    """
    package = found(GROUP, spec.name).dist
    version = [package.name, package.version] if package else []
    made_of = [spec.name, spec.params, version, asdict(info)]
    return hashlib.sha256(b"plugin\0" + json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def reopened(spec: PluginData, info: TableInfo, digest: str) -> Opened:
    """Make the Dataset of a job that was submitted, perhaps elsewhere and some time ago.

    Raises: PluginError; DataChanged.
    """
    if sha256(spec, info) != digest:
        raise DataChanged(
            f"The plug-in {spec.name!r} is installed in a different version from when the job was submitted."
        )
    data = opened(spec)
    if data.length != info.rows:
        detail = f"The data set of the plug-in {spec.name!r} has {data.length} items; it had {info.rows} at submit."
        raise DataChanged(detail)
    if data.classes is not None and data.classes != info.columns[1].values:
        raise DataChanged(
            f"The data set of the plug-in {spec.name!r} has different classes from when the job was submitted."
        )
    return data


def _tensor(value: Any) -> Tensor:
    """Return a tensor, an array, a list, an image or a number as a tensor."""
    if isinstance(value, Tensor):
        return value.detach()
    return torch.from_numpy(np.array(value))  # a copy: some arrays may not be written to


def _label(label: Any) -> Any:
    if isinstance(label, float) and not math.isfinite(label):
        return str(label)
    return label if isinstance(label, bool | int | float | str) else str(label)
