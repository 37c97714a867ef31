"""A job is trained again from the same spec, and the two are compared: equal to the bit, or from which epoch on not."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.attempts import checkpoints
from services.db.engine import Database
from services.db.tables import Epoch, Job
from services.errors import InvalidTransition, NotFound
from services.jobs.job_views import JobView
from services.jobs.lookup import JobLookup, unpacked
from services.jobs.retry import JobRetry, SpecChanges
from services.jobs.submission import RequestKey
from services.states import ALLOWED, JobState

RETRIES = 50  #: newest ones among which a repeat is looked for
WORDS = {"name", "tags", "notes", "metadata", "priority"}
AT_ONCE = 500  #: epochs that are compared at a time


@dataclass(frozen=True)
class Verification:
    """A job and the one that repeats it."""

    job: JobView
    repeat: JobView
    equal: bool | None  #: None until the repeat is done
    epochs_compared: int
    first_difference: dict[str, Any] | None  #: the epoch, the value that differs, and both
    environment: dict[str, list[Any]]  #: what the two ran under where that differs


class JobVerification:
    """Repeats jobs and compares. `digest` returns the digest of the weights in a checkpoint's bytes."""

    def __init__(self, database: Database, lookup: JobLookup, retry: JobRetry, digest: Callable[[bytes], str]) -> None:
        self.database = database
        self.lookup = lookup
        self.jobs = retry
        self.digest = digest

    def start(self, owner: str, id_or_name: str, *, key: RequestKey | None = None) -> Verification:
        """Queue the repeat of a job that has succeeded.

        Raises: NotFound; InvalidTransition; InvalidRequest when its data or first weights are gone.
        """
        job = self.lookup.get(owner, id_or_name)
        if job.state is not JobState.SUCCEEDED:
            detail = f"{job.name} is {job.status}; only a job that has succeeded can be verified."
            raise InvalidTransition(detail, job_status=job.status, allowed=ALLOWED[job.status])
        repeat = self.jobs.retry(owner, job.id, SpecChanges(), key).job
        return self._compared(job, repeat)

    def latest(self, owner: str, id_or_name: str) -> Verification:
        """Return the newest repeat of a job, compared if it is done; of a job that is itself a repeat, what it repeats.

        A repeat has the name of its job, so that the name means the repeat from then on.
        Raises: NotFound, also when there is none.
        """
        job = self.lookup.get(owner, id_or_name)
        with self.database.reading() as session:
            query = select(Job.id, Job.spec).where(Job.owner == owner, Job.retry_of == job.id)
            newest = session.execute(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(RETRIES))
            repeat_id = next((row.id for row in newest if _trains_the_same(job.spec, row.spec)), None)
        if repeat_id is not None:
            return self._compared(job, self.lookup.get(owner, repeat_id))
        if (repeated := self._repeated(owner, job)) is not None:
            return self._compared(repeated, job)
        raise NotFound(f"{job.name} has not been trained again; POST …/verify does that.")

    def _repeated(self, owner: str, job: JobView) -> JobView | None:
        """Return the job that a job repeats, if it is still there."""
        if job.origin.retry_of is None:
            return None
        with suppress(NotFound):
            of = self.lookup.get(owner, job.origin.retry_of)
            if of.state is JobState.SUCCEEDED and _trains_the_same(of.spec, job.spec):
                return of
        return None

    def _compared(self, job: JobView, repeat: JobView) -> Verification:
        environment = _differing(job.run.environment or {}, repeat.run.environment or {}) if repeat.done else {}
        if not repeat.done:
            return Verification(job, repeat, None, 0, None, environment)
        with self.database.reading() as session:
            count, difference = _first_difference(session, job, repeat)
            weights = [self._weights(session, it) for it in (job, repeat)]
        if difference is None and weights[0] != weights[1]:
            difference = {
                "epoch": job.training.best.epoch,
                "value": "weights_sha256",
                "job": weights[0],
                "repeat": weights[1],
            }
        return Verification(job, repeat, difference is None, count, difference, environment)

    def _weights(self, session: Session, job: JobView) -> str | None:
        best = checkpoints.selected(session, job.id, "best")
        return self.digest(checkpoints.content(session, best.id, best.sha256, self.lookup.large)) if best else None


def _trains_the_same(spec: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two specs differ in nothing but words; a key that the older one lacks has its default since."""
    return all(other.get(key) == value for key, value in spec.items() if key not in WORDS)


def _first_difference(session: Session, job: JobView, repeat: JobView) -> tuple[int, dict[str, Any] | None]:
    """Return how many epochs are equal, and where the first is that is not."""
    done = 0
    while True:
        pairs = [_epochs(session, it.id, done) for it in (job, repeat)]
        for ours, theirs in zip(*pairs, strict=False):
            if found := _of_epoch(ours, theirs):
                return done, found
            done += 1
        if len(pairs[0]) != len(pairs[1]):
            counts = {"job": job.training.epochs_done, "repeat": repeat.training.epochs_done}
            return done, {"epoch": done + 1, "value": "epochs", **counts}
        if len(pairs[0]) < AT_ONCE:
            return done, None


def _epochs(session: Session, job_id: str, after: int) -> list[Epoch]:
    query = select(Epoch).where(Epoch.job_id == job_id, Epoch.epoch > after).order_by(Epoch.epoch).limit(AT_ONCE)
    return list(session.scalars(query))


def _of_epoch(ours: Epoch, theirs: Epoch) -> dict[str, Any] | None:
    """Return in what two epochs differ: the first batch that does, else the first value."""
    if ours.batch_costs is not None and theirs.batch_costs is not None and ours.batch_costs != theirs.batch_costs:
        costs = [unpacked(ours.batch_costs), unpacked(theirs.batch_costs)]
        size = 4  # bytes of a cost: compared as bytes, since a NaN is not equal to itself
        batch = next(
            (n for n in range(min(map(len, costs))) if _bytes(ours, n, size) != _bytes(theirs, n, size)),
            min(map(len, costs)),
        )
        shown = [it[batch] if batch < len(it) else None for it in costs]
        where = {"epoch": ours.epoch, "value": "batch_cost", "batch": batch + 1}
        return {**where, "job": shown[0], "repeat": shown[1]}
    values = [
        {"train_cost": it.train_cost, "val_cost": it.val_cost, "lr": it.lr, **it.metrics} for it in (ours, theirs)
    ]
    for name in values[0] | values[1]:
        first, second = (it.get(name) for it in values)
        if first != second:
            return {"epoch": ours.epoch, "value": name, "job": first, "repeat": second}
    return None


def _bytes(epoch: Epoch, batch: int, size: int) -> bytes:
    return (epoch.batch_costs or b"")[batch * size : (batch + 1) * size]


def _differing(first: dict[str, Any], second: dict[str, Any]) -> dict[str, list[Any]]:
    names = sorted(first.keys() | second.keys())
    return {name: [first.get(name), second.get(name)] for name in names if first.get(name) != second.get(name)}
