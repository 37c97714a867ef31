"""The bound of our engine: its own step on one and the same batch, again and again. Nothing is read or validated."""

import math
import time

from torch import from_numpy

from benchmarks.peers.ours import training
from benchmarks.peers.work import Fitted, Part, Work, tell

WARM_STEPS = 5  #: not measured: the first one of a shape may be written down


def fit(work: Work, train: Part, valid: Part) -> Fitted:
    """Take as many steps as the job has."""
    job = training(work, train, valid)
    job.model.train()
    features, targets = (from_numpy(cells[: work.batch_size].copy()) for cells in (train.features, train.targets))
    for _step in range(WARM_STEPS):
        job.step(features, targets)
    steps = work.epochs * math.ceil(work.training_rows / work.batch_size)
    began = time.perf_counter()
    for _step in range(steps):
        job.step(features, targets)
    seconds = time.perf_counter() - began
    # The last batch of an epoch may be smaller in the job, not here.
    return Fitted(seconds * work.epochs * work.training_rows / (steps * len(targets)), None)


if __name__ == "__main__":
    tell(fit, "batchyard")
