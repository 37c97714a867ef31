"""What users read of jobs. Every query carries the owner; none holds a transaction."""

import struct
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from services.attempts import checkpoints
from services.attempts.checkpoint_objects import CheckpointObjects
from services.attempts.checkpoints import CheckpointView
from services.db.engine import Database, now
from services.db.tables import Epoch, Event, Job
from services.disk import Disk
from services.errors import CheckpointCorrupt, NoCheckpoint, NoCheckpointYet, NotFound, NotRecorded
from services.jobs import job_views, references
from services.jobs.job_views import EpochView, EventView, JobView
from services.queue import order
from services.queue.wait_reason import QueuePlace, RunningJobs, Waiting, owner_runs, place, slots_of
from services.settings import Settings
from services.specs.parse.faults import closest
from services.states import JobState


class JobLookup:
    """The reader's side of jobs."""

    def __init__(self, database: Database, settings: Settings, disk: Disk, running_jobs: RunningJobs) -> None:
        self.database = database
        self.settings = settings
        self.disk = disk
        self.running_jobs = running_jobs
        self.large = CheckpointObjects.of(settings)

    def get(self, owner: str, id_or_name: str) -> JobView:
        """Return a job by its id or, the newest, by its name.

        Raises: NotFound with the closest id or name.
        """
        with self.database.reading() as session:
            return self._whole(session, owner, self._found(session, owner, id_or_name))

    def in_queue(self, owner: str, job: JobView) -> JobView:
        """Return a job that was just queued with its place in the queue."""
        with self.database.reading() as session:
            return replace(job, queue=self._place(session, owner, job))

    def usable(self, owner: str, id_or_name: str) -> JobView:
        """Return a job by its id or, the newest that can predict, by its name: one that succeeded before any other.

        Raises: NotFound with the closest id or name.
        """
        with self.database.reading() as session:
            job = references.by_id(session, owner, id_or_name)
            if job is None:
                usable = references.usable_by_name(session, owner, id_or_name)
                job = self._found(session, owner, usable or id_or_name)
            return self._whole(session, owner, job)

    def epochs(
        self, owner: str, job_id: str, *, after_epoch: int = 0, max_points: int | None = None, until: int | None = None
    ) -> list[EpochView]:
        """Return the recorded epochs after one and up to `until`, in order.

        Of more than `max_points` so many at most: the best, the last, and every k-th of the others.
        Raises: NotFound.
        """
        with self.database.reading() as session:
            job = self._found(session, owner, job_id)
            query = select(Epoch).where(Epoch.job_id == job.id, Epoch.epoch > after_epoch).order_by(Epoch.epoch)
            last = job.training.epochs_done if until is None else min(until, job.training.epochs_done)
            query, count = query.where(Epoch.epoch <= last), last - after_epoch
            if max_points and count > max_points:
                # Two places are the best epoch's and the last one's.
                stride = -(-count // (max_points - 2)) if max_points > 2 else count + 1
                kept = (Epoch.epoch - after_epoch - 1) % stride == (0 if max_points > 2 else -1)
                query = query.where(kept | (Epoch.epoch == job.training.best.epoch) | (Epoch.epoch == last))
            return [job_views.epoch_view(row) for row in session.scalars(query.options(defer(Epoch.batch_costs)))]

    def batch_costs(self, owner: str, job_id: str, epoch: int) -> list[float]:
        """Return the cost of every batch of an epoch, float32 as it was measured.

        Raises: NotFound; NotRecorded when the epoch was not trained yet or its batches were not kept.
        """
        with self.database.reading() as session:
            job = self._found(session, owner, job_id)
            packed = session.scalar(select(Epoch.batch_costs).where(Epoch.job_id == job.id, Epoch.epoch == epoch))
        if packed is None:
            last = job.training.epochs_done
            why = "its batches were not kept" if epoch <= last else f"epochs 1 to {last} are there"
            raise NotRecorded(f"Epoch {epoch} of {job.name}: {why}.", job_status=job.status)
        return unpacked(packed)

    def events(self, owner: str, job_id: str, *, after: int = 0, limit: int = 100) -> list[EventView]:
        """Return events after a number, in order.

        Raises: NotFound.
        """
        with self.database.reading() as session:
            job = self._found(session, owner, job_id)
            query = select(Event).where(Event.job_id == job.id, Event.seq > after).order_by(Event.seq).limit(limit)
            return [job_views.event_view(row) for row in session.scalars(query)]

    def checkpoints(self, owner: str, job_id: str) -> list[CheckpointView]:
        """Return a job's best checkpoint, those that it was asked to keep, and the last.

        Raises: NotFound.
        """
        with self.database.reading() as session:
            return checkpoints.listing(session, self._found(session, owner, job_id).id)

    def checkpoint(self, owner: str, id_or_name: str, selector: str) -> CheckpointView:
        """Return the checkpoint `best`, `last`, `epoch:N` or of an id; never another one in its place.

        Raises: NotFound; NoCheckpointYet while the job goes on; NoCheckpoint when it ended without.
        """
        with self.database.reading() as session:
            job = self._found(session, owner, id_or_name)
            chosen = checkpoints.selected(session, job.id, selector)
            kept = checkpoints.selectors(session, job.id) if chosen is None else []
        if chosen is None and not kept:
            if job.done:
                raise NoCheckpoint(f"{job.name} {job.status} without a checkpoint.", job_status=job.status)
            raise NoCheckpointYet(f"{job.name} is {job.status} and has no checkpoint yet.", job_status=job.status)
        if chosen is None:
            raise NotFound(f"{job.name} keeps no checkpoint {selector[:80]!r}.", allowed=kept)
        return chosen

    def content(self, checkpoint: CheckpointView) -> bytes:
        """Return the bytes of a checkpoint, verified.

        Raises: NotFound when it was replaced meanwhile; CheckpointCorrupt; NotReady.
        """
        with self.database.reading() as session:
            try:
                return checkpoints.content(session, checkpoint.id, checkpoint.sha256, self.large)
            except CheckpointCorrupt as error:
                raise CheckpointCorrupt(error.detail, checkpoint=checkpoint.id) from None

    def answering(self, owner: str, most: int) -> list[tuple[str, int]]:
        """Return the newest jobs that have a best checkpoint, by their ids, and its epoch."""
        query = select(Job.id, Job.best_epoch).where(Job.owner == owner, Job.best_checkpoint.is_not(None))
        with self.database.reading() as session:
            rows = session.execute(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(most))
            return [(row.id, row.best_epoch or 0) for row in rows]

    def seqs_of(self, owner: str, job_ids: list[str]) -> dict[str, int]:
        """Return the number of the last event of each of an owner's jobs; others are left out."""
        query = select(Job.id, Job.events_seq).where(Job.owner == owner, Job.id.in_(job_ids))
        with self.database.reading() as session:
            return {row.id: row.events_seq for row in session.execute(query)}

    def seqs(self, job_ids: list[str]) -> dict[str, int]:
        """Return the same for jobs that their owners wait for, whoever they are."""
        with self.database.reading() as session:
            found = session.execute(select(Job.id, Job.events_seq).where(Job.id.in_(job_ids)))
            return {row.id: row.events_seq for row in found}

    def _whole(self, session: Session, owner: str, job: JobView) -> JobView:
        """Return a job with its place in the queue and its newest epoch."""
        job = replace(job, queue=self._place(session, owner, job))
        return job.with_latest(job_views.latest_epoch(session, job.id) if job.training.epochs_done else None)

    def _place(self, session: Session, owner: str, job: JobView) -> QueuePlace | None:
        if job.state is not JobState.QUEUED:
            return None
        position = order.position(session, job.place, owner)
        slots = slots_of(session, job.run.device, self.settings.online_s)
        pause_s = 0.0
        if job.times.not_before > job.times.created_at:  # it waits for a later try
            pause_s = (job.times.not_before - now(session)).total_seconds()
        runs = owner_runs(session, owner, self.running_jobs(owner))
        return place(Waiting(job.run.device, position, pause_s, runs), slots, self.disk)

    def _found(self, session: Session, owner: str, id_or_name: str) -> JobView:
        found = references.by_id(session, owner, id_or_name) or references.by_name(session, owner, id_or_name)
        if found is None:
            near = closest(id_or_name, references.words(session, owner))
            raise NotFound(f"There is no job {id_or_name[:80]!r}.", suggestion=near)
        return found


def unpacked(packed: bytes) -> list[float]:
    """Return the numbers of packed little-endian float32."""
    return [value for (value,) in struct.iter_unpack("<f", packed)]
