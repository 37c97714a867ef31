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
    """`mean` of the targets, or `class_frequencies`; both count rows by their weights."""
    split: str
    """`validation`, or `training` where the monitored value is measured there."""
    rows: int
    """So many rows of it: the first 100,000 if there are more."""
    cost: float
    """In the scale of the loss, as `val_cost`."""
    metric: str
    """The monitored one."""
    value: float | None
    """What it comes to in that metric, to be compared with `best.value`."""


class Adjustment(BaseModel):
    """Something that was done otherwise than the spec says, or than it usually is."""

    what: str
    """A key of the spec, such as `micro_batch_size` or `optimizer.lr`, or `step`, `loader` or `checkpoint`."""
    before: Any
    after: Any
    why: str
    epoch: int
    """So many epochs were done by then."""
