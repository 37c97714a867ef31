"""What users ask for: to submit, cancel and delete jobs. Each method is one transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services import ids
from services.db.engine import Database, now
from services.db.tables import IdempotencyKey, Job
from services.disk import Disk
from services.errors import CheckpointInUse, IdempotencyKeyReused, InvalidTransition, JobAlreadyFinished, NotFound
from services.faultpoint import faultpoint
from services.jobs import queries, warm_start
from services.jobs.verb_target import to_change
from services.jobs.views import JobView, Submission
from services.jobs.warm_start import ShapesOf
from services.jobs.workers import online
from services.settings import Settings
from services.specs.findings import Findings
from services.specs.job import JobSpec
from services.specs.patching import differences
from services.specs.resolving import Limits, Measure, Resolved, resolve, resolved_json
from services.states import ALLOWED, JobState, StopReason

if TYPE_CHECKING:
    from services.datasets.service import DatasetService
    from services.datasets.views import DatasetView

BY_NAME = {"builtin", "plugin"}  #: what a resolved spec goes on naming as it was named


class JobService:
    """Takes jobs in and lets them go. `ring` tells the workers after a commit; it never blocks."""

    def __init__(
        self,
        database: Database,
        datasets: "DatasetService",
        settings: Settings,
        ring: Callable[[], None],
        measure: Measure,
        shapes: ShapesOf,
        disk: Disk,
    ) -> None:
        self.database = database
        self.datasets = datasets
        self.settings = settings
        self.ring = ring
        self.measure = measure
        self.shapes = shapes
        self.disk = disk

    def submit(
        self,
        spec: JobSpec,
        *,
        submitted: dict[str, Any],
        owner: str,
        key: str | None = None,
        body_sha256: str = "",
        retry_of: JobView | None = None,
    ) -> Submission:
        """Queue a job. With a key that was seen before, return that key's job instead.

        Raises: InvalidRequest with every fault of spec and data; IdempotencyKeyReused when the key came with
        another body; StorageFull; NotReady.
        """
        if key:
            known = self.replayed(owner, key, body_sha256)
            if known:
                return known
        self.disk.check()
        dataset, resolved = self._resolved(spec, owner)
        with self.database.transaction() as session:
            job_id = ids.new("job")
            if key and not self._remember(session, owner, key, body_sha256, job_id):
                known_id = session.scalar(_key(owner, key))
                session.rollback()
            else:
                known_id = None
                self._add(session, job_id, spec, submitted, owner, dataset, resolved, retry_of)
        if known_id and key:
            return self.replayed(owner, key, body_sha256) or Submission(self._view(owner, known_id), True)
        faultpoint("submit.ring")
        self.ring()
        return Submission(self._view(owner, job_id), replayed=False)

    def validate(self, spec: JobSpec, *, owner: str) -> Resolved:
        """Return what a submit would store, and store nothing.

        Raises: InvalidRequest.
        """
        return self._resolved(spec, owner)[1]

    def cancel(self, owner: str, said: str, reason: str | None = None) -> JobView:
        """Cancel a queued or paused job at once; ask the trainer of a running one to stop.

        Raises: NotFound; AmbiguousJob; JobAlreadyFinished unless it was cancelled.
        """
        with self.database.transaction() as session:
            job = to_change(session, owner, said)
            if job.state is JobState.RUNNING:
                if job.status != "cancelling":
                    session.execute(
                        update(Job).where(Job.id == job.id).values(cancel_wished_at=now(session), stop_detail=reason)
                    )
                    data = {"reason": reason} if reason else {}
                    queries.add_event(session, job.id, "cancelling", "a user asked to cancel", data)
            elif job.state in {JobState.QUEUED, JobState.PAUSED}:
                stop = StopReason.CANCELLED_BY_USER
                columns = {"stop_reason": stop, "stop_detail": reason, "finished_at": now(session)}
                queries.move(session, job.id, JobState.CANCELLED, **columns)
                queries.finish(session, job.id, JobState.CANCELLED, stop)
            elif job.state is not JobState.CANCELLED:
                detail = f"{job.name} {job.status} at {job.finished_at:%H:%M:%SZ}; there is nothing to cancel."
                raise JobAlreadyFinished(
                    detail,
                    job_status=job.status,
                    wish="cancel",
                    to="cancelled",
                    allowed=ALLOWED[job.status],
                    **{"from": job.status},
                )
        return self._view(owner, job.id)

    def delete(self, owner: str, said: str, *, force: bool = False) -> None:
        """Delete a job with its epochs, events, checkpoints and inline rows.

        Raises: NotFound; AmbiguousJob; InvalidTransition unless it is finished or `force` is said; CheckpointInUse
        while another job needs its weights. The trainer of a running job finds itself fenced and ends.
        """
        with self.database.transaction() as session:
            job = to_change(session, owner, said)
            if not job.done and not force:
                raise InvalidTransition(
                    f"{job.name} is {job.status}; only a finished job is deleted. Cancel it first, or say force=true.",
                    job_status=job.status,
                    wish="delete",
                    to="deleted",
                    allowed=ALLOWED[job.status],
                    **{"from": job.status},
                )
            if waiting := warm_start.needed_by(session, job.id):
                detail = (
                    f"{len(waiting)} job(s) that are not finished start from its weights: wait for them, or cancel."
                )
                raise CheckpointInUse(detail, jobs=waiting[:20])
            session.execute(delete(IdempotencyKey).where(IdempotencyKey.job_id == job.id))
            session.execute(delete(Job).where(Job.id == job.id))
            self.datasets.release(session, job.dataset_id, owner)

    def forget_keys(self) -> None:
        """Forget the Idempotency-Keys that are older than a day."""
        with self.database.transaction() as session:
            oldest = now(session) - timedelta(seconds=self.settings.idempotency_s)
            session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < oldest))

    def _resolved(self, spec: JobSpec, owner: str) -> tuple["DatasetView", Resolved]:
        dataset = self.datasets.source(spec.data, owner)
        found = Findings()
        with self.database.reading() as session:
            source = warm_start.looked_up(session, owner, spec.init_from, found)
            cuda = online(session, "cuda", self.settings.online_s) > 0
            known = None if dataset.source in BY_NAME else self.datasets.known(session, dataset)
        resolved = resolve(
            spec,
            dataset.info,
            dataset=known,
            suggested_target=dataset.suggested_target,
            cuda_online=cuda,
            limits=_limits(self.settings),
            measure=self.measure,
            found=found,
        )
        return dataset, warm_start.fitted(resolved, dataset.info, source, self.shapes) if source else resolved

    def _add(
        self,
        session: Session,
        job_id: str,
        spec: JobSpec,
        submitted: dict[str, Any],
        owner: str,
        dataset: "DatasetView",
        resolved: Resolved,
        retry_of: JobView | None,
    ) -> None:
        source = warm_start.find(session, owner, spec.init_from, lock=True) if spec.init_from else None
        dataset = self.datasets.keep(session, dataset)
        echo = resolved_json(resolved.spec)
        if source:
            # Chosen again: a job that is still training may have found a better one since it was looked up.
            echo["init_from"]["checkpoint"] = source.checkpoint.id
        if dataset.source not in BY_NAME:
            # Two submits of the same new rows meet here: the second takes the first one's data set.
            echo["data"]["dataset"] = dataset.id
        queries.add_owner(session, owner)
        name = spec.name
        if name is None:
            stem = f"{dataset.name.rsplit('.', 1)[0][:40]}-{resolved.spec.model.type}".replace(" ", "_")
            name = f"{stem}-{queries.next_number(session, owner, stem)}"
        time = now(session)
        session.add(
            Job(
                id=job_id,
                owner=owner,
                name=name,
                state=JobState.QUEUED,
                spec=echo,
                spec_submitted=submitted,
                spec_sha256=hashlib.sha256(orjson.dumps(echo, option=orjson.OPT_SORT_KEYS)).hexdigest(),
                dataset_id=dataset.id,
                dataset_sha256=dataset.sha256,
                init_checkpoint=source.checkpoint.id if source else None,
                initialised_from=source.shown(resolved.started_new) if source else None,
                device=resolved.spec.device,
                priority=spec.priority,
                tags=list(spec.tags),
                metadata_=spec.metadata,
                model_summary=resolved.model_summary | {"steps_per_epoch": resolved.estimate["steps_per_epoch"]},
                warnings=resolved.warnings,
                retry_of=retry_of.id if retry_of else None,
                spec_diff=differences(retry_of.spec, echo) if retry_of else None,
                queued_at=time,
                not_before=time,
                created_at=time,
            )
        )
        session.flush()
        queries.add_event(session, job_id, "queued", f"queued for {resolved.spec.device}", {})

    def replayed(self, owner: str, key: str, body_sha256: str) -> Submission | None:
        """Return the job that a key brought before; None if it is new.

        Raises: IdempotencyKeyReused.
        """
        with self.database.reading() as session:
            oldest = now(session) - timedelta(seconds=self.settings.idempotency_s)
            known = session.scalar(
                select(IdempotencyKey).where(
                    IdempotencyKey.owner == owner, IdempotencyKey.key == key, IdempotencyKey.created_at >= oldest
                )
            )
        if known is None:
            return None
        if known.body_sha256 != body_sha256:
            detail = f"This Idempotency-Key came with another body; its job is {known.job_id}. Use a new key."
            raise IdempotencyKeyReused(detail, first_seen_at=known.created_at)
        return Submission(self._view(owner, known.job_id), replayed=True)

    def _remember(self, session: Session, owner: str, key: str, body_sha256: str, job_id: str) -> bool:
        """Insert the key; False when it is there. A concurrent submit of the same key waits here for the first."""
        time = now(session)
        oldest = time - timedelta(seconds=self.settings.idempotency_s)
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < oldest, IdempotencyKey.key == key))
        row = {"owner": owner, "key": key, "body_sha256": body_sha256, "job_id": job_id, "created_at": time}
        insert = queries.insert_for(session)(IdempotencyKey).values(**row).on_conflict_do_nothing()
        return session.scalar(insert.returning(IdempotencyKey.key)) is not None

    def _view(self, owner: str, job_id: str) -> JobView:
        with self.database.reading() as session:
            job = queries.by_id(session, owner, job_id)
            if job is None:
                raise NotFound(f"There is no job {job_id!r}.")  # deleted just now
            return replace(job, latest=queries.latest_epoch(session, job_id) if job.epochs_done else None)


def _key(owner: str, key: str) -> Any:
    return select(IdempotencyKey.job_id).where(IdempotencyKey.owner == owner, IdempotencyKey.key == key)


def _limits(settings: Settings) -> Limits:
    return Limits(settings.max_epochs, settings.max_parameters, settings.allowed_plugins)
