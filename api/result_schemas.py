"""What an answer says of a job's result, and of what was done on the way to it."""

from typing import Any

from pydantic import BaseModel


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
