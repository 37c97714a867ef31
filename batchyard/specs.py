"""Specs from what a user passes: dictionaries, fields, builders."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from difflib import get_close_matches
from typing import Any

from batchyard.builder import said

#: The keys of a spec. A test compares them with the server's.
KEYS = frozenset(
    {
        "spec_version",
        "name",
        "task",
        "data",
        "split",
        "model",
        "init_from",
        "loss",
        "optimizer",
        "scheduler",
        "gradient_clip",
        "epochs",
        "max_time_seconds",
        "batch_size",
        "shuffle",
        "drop_last",
        "micro_batch_size",
        "monitor",
        "calibrate",
        "early_stopping",
        "checkpoint",
        "validation",
        "batch_costs",
        "metrics",
        "seed",
        "device",
        "precision",
        "deterministic",
        "compile",
        "on_nonfinite",
        "threads",
        "processes",
        "priority",
        "tags",
        "notes",
        "metadata",
    }
)


def merged(spec: Mapping[str, Any] | None, data: Any, target: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole spec; fields stand above the spec's own.

    Raises: TypeError for a field that no spec has, with the nearest one.
    """
    for name in fields:
        if name not in KEYS:
            near = get_close_matches(name, KEYS, 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{name!r} is not a field of a spec.{meant} (batchyard catalog)")
    whole = {name: as_json(value) for name, value in {**(spec or {}), **fields}.items()}
    if data is not None:
        whole["data"] = {**whole.get("data", {}), **data}
    if target is not None:
        whole["data"] = {**whole.get("data", {}), "target": target}
    return whole


def as_json(value: Any) -> Any:
    """Return a value as JSON has it: builders become objects without what is not said."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"type": value.type, **{name: as_json(inner) for name, inner in said(value).items()}}  # type: ignore[attr-defined]
    if isinstance(value, Mapping):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    if hasattr(value, "tolist") and not isinstance(value, str | bytes):
        return value.tolist()
    return value
