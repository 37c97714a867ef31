"""What a prediction is asked of: a job or a registered model, and which of its weights."""

from typing import NamedTuple


class Target(NamedTuple):
    """A job by id or name with a selector of a checkpoint, or a model by name with an alias or a version."""

    job: str | None = None
    checkpoint: str = "best"
    model: str | None = None
    alias: str | None = None
    version: int | None = None
    named: str | None = None  #: a registered model, `name` or `name@alias`, or else a job; `checkpoint` is its version
