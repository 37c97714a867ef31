"""What must be so after everything was killed and healed: I1 to I12 of the fault table, read from the rooms."""

import hashlib
import json
from collections import Counter
from typing import Any

from safetensors.numpy import load
from sqlalchemy import select, text

from services.db.tables import Checkpoint, CheckpointChunk, Epoch, Event, Job
from services.states import FINAL, JobState
from services.wiring.base import Base

OWNER = "local"


def broken(rooms: Base, answers: list[tuple[str, str]]) -> list[str]:
    """Return a sentence for each invariant that does not hold; `answers` are what clients were told of which job."""
    found: list[str] = []
    deleted = {job_id for what, job_id in answers if what == "delete"}
    deleting = {job_id for what, job_id in answers if what == "deleting"}  # it may or may not have happened
    told = {job_id for what, job_id in answers if what == "submit"} - deleting
    cancelled = {job_id for what, job_id in answers if what == "cancel"} - deleting
    with rooms.database.reading() as session:
        jobs = {job.id: job for job in session.scalars(select(Job))}
        found += [f"I1 {job_id} was acknowledged and is not there" for job_id in told - set(jobs)]
        found += [f"I1 {job_id} was deleted and is there" for job_id in deleted & set(jobs)]
        found += [f"a cancelled job is {jobs[i].state}" for i in cancelled & set(jobs) if jobs[i].state != "cancelled"]
        for job in jobs.values():
            if job.state not in FINAL:
                found.append(f"I9 {job.name} is still {job.state}")
            epochs = list(session.scalars(select(Epoch).where(Epoch.job_id == job.id).order_by(Epoch.epoch)))
            events = list(session.scalars(select(Event).where(Event.job_id == job.id).order_by(Event.seq)))
            found += [f"{job.name}: {words}" for words in _of_job(job, epochs, events)]
            found += [f"{job.name}: {words}" for words in _of_checkpoints(session, job, epochs)]
        if rooms.database.is_sqlite and session.scalar(text("PRAGMA integrity_check")) != "ok":
            found.append("I11 the file is damaged")
    return found


def fingerprint(rooms: Base, job_id: str) -> str:
    """Return a digest of a job's costs, its best epoch, its weights and what it would go on from."""
    costs = [(e.epoch, e.train_cost, e.val_cost) for e in rooms.jobs.lookup.epochs(OWNER, job_id)]
    batches = [rooms.jobs.lookup.batch_costs(OWNER, job_id, epoch) for epoch, _, _ in costs]
    parts: list[Any] = [costs, batches, rooms.jobs.lookup.get(OWNER, job_id).training.best.epoch]
    for which in ("best", "last"):
        content = rooms.jobs.lookup.content(rooms.jobs.lookup.checkpoint(OWNER, job_id, which))
        tensors = sorted(load(content).items())
        parts.append([(name, hashlib.sha256(array.tobytes()).hexdigest()) for name, array in tensors])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _of_job(job: Job, epochs: list[Epoch], events: list[Event]) -> list[str]:
    found = []
    numbers = [epoch.epoch for epoch in epochs]
    if numbers != list(range(1, job.epochs_done + 1)):
        found.append(f"I2 its epochs are {numbers}, and {job.epochs_done} are done")
    if job.state == JobState.SUCCEEDED and job.epochs_done != job.spec["epochs"]:
        found.append(f"I2 it succeeded after {job.epochs_done} epochs")
    values = [(epoch.val_cost, epoch.epoch) for epoch in epochs if epoch.val_cost is not None]
    if values and min(values) != (job.best_value, job.best_epoch):
        found.append(f"I5 its best is {job.best_epoch}, and {min(values)[1]} was lower")
    attempts = [epoch.attempt for epoch in epochs]
    if attempts != sorted(attempts) or any(attempt > job.attempt for attempt in attempts):
        found.append(f"I7 its epochs are of the attempts {attempts}")
    kinds = Counter(event.type for event in events)
    if [event.seq for event in events] != list(range(1, job.events_seq + 1)):
        found.append("its events have a gap")
    if kinds["end"] != 1 or events[-1].type != "end":
        found.append(f"I8 it ended {kinds['end']} times")
    if kinds["started"] != job.attempt:
        found.append(f"it was claimed {job.attempt} times and started {kinds['started']} times")
    told = [event.data["epoch"] for event in events if event.type == "epoch"]
    if told != numbers:
        found.append(f"its events tell of the epochs {told}")
    return found


def _of_checkpoints(session: Any, job: Job, epochs: list[Epoch]) -> list[str]:
    found = []
    stored = {row.id: row for row in session.scalars(select(Checkpoint).where(Checkpoint.job_id == job.id))}
    ready = {name: row for name, row in stored.items() if row.state == "ready"}
    for name, row in ready.items():
        chunks = select(CheckpointChunk.data).where(CheckpointChunk.checkpoint_id == name).order_by(CheckpointChunk.n)
        content = b"".join(session.scalars(chunks))
        if hashlib.sha256(content).hexdigest() != row.sha256:
            found.append(f"I6 {name} has other bytes")
    for name in (job.best_checkpoint, job.last_checkpoint):
        if name is not None and name not in ready:
            found.append(f"I6 it points to {name}, which is not there")
    if epochs and job.best_checkpoint is None:
        found.append("I5 it has epochs and no best weights")
    return found
