"""What an answer says of a job's result, and of what was done on the way to it."""

from typing import Any

from pydantic import BaseModel


class Estimate(BaseModel):
    """What a job is likely to take: right within a factor of 2 on most."""

    steps_per_epoch: int
    memory_bytes: int
    """Beside the 350 MB of a trainer that has not begun. With less it goes on with fewer rows at a time."""
    least_memory_bytes: int | None = None
    """What it takes with a single row at a time: with less it fails."""
    checkpoint_bytes: int
    """Of the database, for what is kept."""
    seconds_per_epoch: float | None = None
    """As long as finished jobs of yours with this kind of model took for as much work; null: there are none."""


class Baseline(BaseModel):
    """What a model has to beat: the same answer for every row, learnt from the training targets."""

    predicts: str
    """`mean` of the targets, or `class_frequencies`; both weight rows by their weights."""
    split: str
    """`validation`, or `training` if the monitored value is measured there."""
    rows: int
    """Number of rows used: at most the first 100,000."""
    cost: float
    """In the scale of the loss, as `val_cost`."""
    metric: str
    """The monitored metric."""
    value: float | None
    """Its value in that metric, for comparison with `best.value`."""


class Adjustment(BaseModel):
    """Something that was done differently from the spec, or from the usual."""

    what: str
    """A key of the spec, such as `micro_batch_size` or `optimizer.lr`, or `step`, `loader` or `checkpoint`."""
    before: Any
    after: Any
    why: str
    epoch: int
    """How many epochs were done at that point."""
