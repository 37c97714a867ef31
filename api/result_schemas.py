"""What an answer says of a job's result, and of what was done on the way to it."""

from typing import Any

from pydantic import BaseModel


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
