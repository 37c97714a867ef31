"""Takes jobs in: what is decided of a spec, and the one transaction that stores it."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services import ids
from services.db import job_rows
from services.db.engine import Database, insert_for, now
from services.db.tables import IdempotencyKey, Job
from services.disk import Disk
from services.errors import IdempotencyKeyReused, NotFound
from services.faultpoint import faultpoint
from services.jobs import job_views, references, warm_start
from services.jobs.job_views import JobView, Submission
from services.jobs.warm_start import ShapesOf
from services.queue.speeds import seconds_per_epoch, speeds
from services.queue.workers import largest
from services.settings import Settings
from services.specs.parse.merge_patch import differences
from services.specs.resolve.findings import Findings
from services.specs.resolve.resolution import Limits, Measure, Resolved, resolve, resolved_json
from services.specs.schema.job import JobSpec
from services.states import JobState

if TYPE_CHECKING:
    from services.datasets.dataset_views import DatasetView
    from services.datasets.datasets import DatasetService

BY_NAME = {"builtin", "plugin"}  #: what a resolved spec goes on naming as it was named


class JobService:
    """Takes jobs in. `ring` tells the workers after a commit; it never blocks."""

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
            memory = largest(session, self.settings.online_s)
            known = None if dataset.source in BY_NAME else self.datasets.known(session, dataset)
        resolved = resolve(
            spec,
            dataset.info,
            dataset=known,
            suggested_target=dataset.suggested_target,
            cuda_online="cuda" in memory,
            limits=_limits(self.settings, memory),
            measure=self.measure,
            found=found,
        )
        resolved = warm_start.fitted(resolved, dataset.info, source, self.shapes) if source else resolved
        return dataset, self._timed(resolved, owner)

    def _timed(self, resolved: Resolved, owner: str) -> Resolved:
        """Return what was resolved with how long an epoch is likely to take."""
        spec, takes = resolved.spec, resolved.estimate
        with self.database.reading() as session:
            known = speeds(session, owner, spec.device, spec.model.type)
        seconds = seconds_per_epoch(takes["work_per_epoch"], spec.data.dataset, known)
        return replace(resolved, estimate=takes | {"seconds_per_epoch": seconds})

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
        job_rows.add_owner(session, owner)
        name = spec.name
        if name is None:
            stem = f"{dataset.name.rsplit('.', 1)[0][:40]}-{resolved.spec.model.type}".replace(" ", "_")
            name = f"{stem}-{job_rows.next_number(session, owner, stem)}"
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
                model_summary=resolved.model_summary
                | {"steps_per_epoch": resolved.estimate["steps_per_epoch"], "estimate": resolved.estimate},
                warnings=resolved.warnings,
                retry_of=retry_of.id if retry_of else None,
                spec_diff=differences(retry_of.spec, echo) if retry_of else None,
                queued_at=time,
                not_before=time,
                created_at=time,
            )
        )
        session.flush()
        job_rows.add_event(session, job_id, "queued", f"queued for {resolved.spec.device}", {})

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
        insert = insert_for(session)(IdempotencyKey).values(**row).on_conflict_do_nothing()
        return session.scalar(insert.returning(IdempotencyKey.key)) is not None

    def _view(self, owner: str, job_id: str) -> JobView:
        with self.database.reading() as session:
            job = references.by_id(session, owner, job_id)
            if job is None:
                raise NotFound(f"There is no job {job_id!r}.")  # deleted just now
            return replace(job, latest=job_views.latest_epoch(session, job_id) if job.epochs_done else None)


def _key(owner: str, key: str) -> Any:
    return select(IdempotencyKey.job_id).where(IdempotencyKey.owner == owner, IdempotencyKey.key == key)


def _limits(settings: Settings, memory: dict[str, int | None]) -> Limits:
    return Limits(settings.max_epochs, settings.max_parameters, settings.allowed_plugins, memory)
