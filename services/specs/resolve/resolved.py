"""A spec that says everything, and the JSON that a job shows of it."""

from dataclasses import dataclass, field
from typing import Any

from services.specs.schema.job import JobSpec

BESIDE = {"name", "tags", "metadata", "priority"}  #: what a job shows beside its spec


@dataclass(frozen=True)
class Resolved:
    """A spec with every choice made, and what is to be said about it."""

    spec: JobSpec
    warnings: list[dict[str, Any]]
    model_summary: dict[str, Any]
    estimate: dict[str, Any]
    started_new: list[str] = field(default_factory=list)  #: weights that a warm start leaves as they begin


def resolved_json(spec: JobSpec) -> dict[str, Any]:
    """Return a resolved spec as a job shows it; posting it again trains the same."""
    echo = spec.model_dump(mode="json", exclude=BESIDE)
    echo["data"] = {name: value for name, value in echo["data"].items() if value is not None}
    return echo
