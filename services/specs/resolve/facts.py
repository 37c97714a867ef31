"""What a spec is resolved against: everything that has to be looked up, so that resolving itself looks nothing up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.columns import TableInfo
from services.errors import Fault
from services.specs.schema.checkpoints import InitFrom
from services.specs.schema.job import JobSpec

#: Builds a resolved spec's model without memory; returns its parameters and shapes. Raises: InvalidRequest.
Measure = Callable[[JobSpec, TableInfo], dict[str, Any]]

#: The shape of every weight of a net by name.
Shapes = Mapping[str, tuple[int, ...]]

#: Returns the shapes of a resolved spec's weights, None where only the worker can tell.
ShapesOf = Callable[[JobSpec, TableInfo], Shapes | None]


def device_of(asked: str, cuda_online: bool) -> str:
    """Return the device for which a job waits."""
    return ("cuda" if cuda_online else "cpu") if asked == "auto" else asked


@dataclass(frozen=True)
class Limits:
    """What the operator allows one job."""

    epochs: int
    parameters: int
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelSizes:
    """How large a model is, computed without training it."""

    measure: Measure
    shapes: ShapesOf = lambda _spec, _info: None


@dataclass(frozen=True)
class StartingWeights:
    """The stored weights that a job is to begin with: where they are, and what they were trained from."""

    init_from: InitFrom  #: by ids, which mean the same for ever
    spec: JobSpec
    info: TableInfo


@dataclass(frozen=True)
class Facts:
    """What is known of the data, the workers and the limits when a spec is resolved."""

    info: TableInfo | None  #: None when the data can't be read; `faults` says why
    limits: Limits
    models: ModelSizes
    dataset: str | None = None  #: id to put in place of inline rows or of a name; None keeps `builtin` and `plugin`
    suggested_target: str | None = None
    memory: Mapping[str, int | None] = field(default_factory=dict)  #: a trainer may take, by device of online workers
    processes: Mapping[str, int] = field(default_factory=dict)  #: that one job may have, by device of online workers
    seconds_per_work: float | None = None  #: of jobs like this one; None where nothing like it was trained
    start: StartingWeights | None = None
    faults: list[Fault] = field(default_factory=list)  #: what was found wrong while the facts were gathered

    @property
    def cuda_online(self) -> bool:
        """Whether a worker with a GPU is online."""
        return "cuda" in self.memory
