"""How fast an owner's finished jobs were trained, and what that says of one like them."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from services.db.tables import Epoch, Job
from services.states import JobState

NEWEST = 50  #: finished jobs that are looked at
LAST_EPOCHS = 5  #: of each: the first ones also load what later ones have at hand


@dataclass(frozen=True)
class Speed:
    """The seconds that a finished job took for each unit of its work."""

    dataset_id: str
    seconds_per_work: float


def finished() -> Select[Any]:
    """Return the query for an owner's newest finished jobs of a device and a kind of model.

    Of each: its data set, the work of an epoch, and the seconds that one took.
    """
    kind = Job.spec[("model", "type")].as_string()
    work = Job.model_summary[("estimate", "work_per_epoch")].as_float()
    ended = Job.owner == bindparam("owner"), Job.state == JobState.SUCCEEDED, Job.device == bindparam("device")
    newest = (
        select(Job.id, Job.dataset_id, Job.epochs_done, kind.label("kind"), work.label("work"))
        .where(*ended)
        .order_by(Job.created_at.desc())
        .limit(NEWEST)
        .subquery()
    )
    return (
        select(newest.c.dataset_id, newest.c.work, func.avg(Epoch.seconds).label("seconds"))
        .join(Epoch, (Epoch.job_id == newest.c.id) & (Epoch.epoch > newest.c.epochs_done - LAST_EPOCHS))
        .where(newest.c.kind == bindparam("model"), newest.c.work > 0)
        .group_by(newest.c.id, newest.c.dataset_id, newest.c.work)
    )


def seconds_per_work(known: list[Speed], dataset_id: str | None) -> float | None:
    """Return how long a unit of work is likely to take; None where nothing like it was trained.

    Jobs on the same data set say it best.
    """
    alike = [speed for speed in known if speed.dataset_id == dataset_id] or known
    return median(speed.seconds_per_work for speed in alike) if alike else None
