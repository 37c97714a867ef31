"""How long a job will train: learnt from what its owner's finished jobs took, the most alike of them first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from services.db.tables import Job
from services.states import JobState

ALIKE = 3  #: fewer jobs of a kind than this teach too little
START_S = 0.2  #: from the claim to the first step


@dataclass(frozen=True)
class Span:
    """Seconds: what is likely, and between what bounds four of five come to lie."""

    low: float
    expected: float
    high: float


UNKNOWN = Span(math.inf, math.inf, math.inf)


@dataclass(frozen=True)
class Past:
    """What a finished job has shown."""

    dataset_id: str
    model: str
    pace: float  #: seconds of training, everything in it, for each unit of work
    done: float  #: the share of its epochs that it trained; below 1 when it stopped early


def past(job: Job) -> Past | None:
    """Return what a finished job teaches; None when it trained too little, or its work is unknown."""
    work = _work_per_epoch(job)
    if not job.epochs_done or job.trained_s <= 0 or not work:
        return None
    pace = job.trained_s / (job.epochs_done * work)
    return Past(job.dataset_id, job.spec["model"]["type"], pace, job.epochs_done / job.spec["epochs"])


def left(job: Job, history: Sequence[Past]) -> Span:
    """Return how long a job that waits or runs will still train."""
    alike, work = _alike(job, history), _work_per_epoch(job)
    if job.epochs_done and job.trained_s > 0:
        own = job.trained_s / job.epochs_done  # its own speed is known
        paces = (own, own, own)
    elif alike and work:
        low, expected, high = _bounds([known.pace for known in alike])
        paces = (low * work, expected * work, high * work)
    else:
        return UNKNOWN
    most_s = job.spec["max_time_seconds"] or math.inf
    parts = zip(_epochs_left(job, alike), paces, strict=True)
    times = [min(epochs * pace, max(0.0, most_s - job.trained_s)) for epochs, pace in parts]
    return Span(*(time if job.state == JobState.RUNNING else START_S + time for time in times))


def _epochs_left(job: Job, alike: Sequence[Past]) -> tuple[float, float, float]:
    steps = (job.progress or {}).get("step", 0)
    done = max(job.epochs_done, steps / max(1, job.model_summary["steps_per_epoch"]))
    all_left = job.spec["epochs"] - done
    if not job.spec["early_stopping"]:
        return all_left, all_left, all_left
    # It can't stop before its patience is over, counted from its best epoch.
    least = min(all_left, max(0.0, (job.best_epoch or 0) + job.spec["early_stopping"]["patience"] - done))
    shares = _bounds([known.done for known in alike]) if alike else (0.0, 1.0, 1.0)
    low, expected, high = (share * job.spec["epochs"] - done for share in shares)
    # Of a job that has outlived those that are like it, no more is known than its own bounds.
    most = min(all_left, max(least, high)) if high > 0 else all_left
    return min(most, max(least, low)), min(most, max(least, expected)), most


def _alike(job: Job, history: Sequence[Past]) -> list[Past]:
    model = job.spec["model"]["type"]
    of_model = [known for known in history if known.model == model]
    of_both = [known for known in of_model if known.dataset_id == job.dataset_id]
    return next((found for found in (of_both, of_model) if len(found) >= ALIKE), list(history))


def _bounds(values: list[float]) -> tuple[float, float, float]:
    """Return the first, middle and last of ten parts; of few values wider bounds."""
    if len(values) == 1:
        return values[0] / 2, values[0], values[0] * 2
    tenths = quantiles(values, n=10, method="inclusive")
    if len(values) < ALIKE:
        return tenths[0] / 2, tenths[4], tenths[8] * 2
    return tenths[0], tenths[4], tenths[8]


def _work_per_epoch(job: Job) -> float | None:
    """Return the work of an epoch as it was estimated at the submit; None for a job of a release that did not."""
    work: float | None = job.model_summary.get("estimate", {}).get("work_per_epoch")
    return work
