"""Takes jobs in: gather the facts, resolve the spec, store the job in one transaction, answer with what was stored."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import insert
from sqlalchemy.orm import Session

from services import ids
from services.accounts.quotas import Quotas
from services.datasets import dataset_rows
from services.datasets.dataset_views import DatasetView
from services.db import job_rows
from services.db.engine import Database
from services.db.trace_tables import Trace
from services.errors import NotFound, NotReady
from services.faultpoint import faultpoint
from services.jobs import job_views, references, warm_start
from services.jobs.idempotency import IdempotencyKeys, Submitter
from services.jobs.job_views import JobView
from services.jobs.resolution import resolve
from services.jobs.submission import RequestKey, Submission, Submitted
from services.jobs.submission_facts import BY_NAME, Gathered, SubmissionFacts
from services.specs.parse.merge_patch import differences
from services.specs.resolve.resolved import Resolved, resolved_json
from services.specs.schema.job import JobSpec
from services.states import JobState


class JobService:
    """Takes jobs in. `ring` tells the workers after a commit; it never blocks."""

    def __init__(
        self,
        database: Database,
        facts: SubmissionFacts,
        keys: IdempotencyKeys,
        quotas: Quotas,
        ring: Callable[[str], None],
    ) -> None:
        self.database = database
        self.facts = facts
        self.keys = keys
        self.quotas = quotas
        self.ring = ring

    def submit(self, asked: Submission) -> Submitted:
        """Queue a job. With a key that was seen before, return that key's job instead.

        Raises: InvalidRequest with every fault of spec and data; IdempotencyKeyReused when the key came with
        another body; QuotaExceeded; StorageQuotaExceeded; StorageFull; NotReady.
        """
        with self.database.reading() as session:
            submitter = self.keys.submitter(session, asked.owner, asked.key)
            if submitter.job_id:
                return _of_before(session, asked.owner, submitter.job_id)
        self.facts.disk.check()
        gathered = self.facts.gather(asked.spec, asked.owner, self.quotas.running_jobs(asked.owner))
        resolved = resolve(asked.spec, gathered.facts)
        job = self._stored(asked, submitter, gathered, resolved)
        if job is None:
            return self._of_the_first(asked)
        faultpoint("submit.ring")
        self.ring(job.run.device)
        return Submitted(job, replayed=False)

    def validate(self, spec: JobSpec, *, owner: str) -> Resolved:
        """Return what a submit would store, and store nothing.

        Raises: InvalidRequest.
        """
        return resolve(spec, self.facts.gather(spec, owner, self.quotas.running_jobs(owner)).facts)

    def replayed(self, owner: str, key: RequestKey) -> Submitted | None:
        """Return the job that a key brought before; None if it is new.

        Raises: IdempotencyKeyReused; NotFound when the job was deleted just now.
        """
        with self.database.reading() as session:
            job_id = self.keys.submitter(session, owner, key).job_id
            return _of_before(session, owner, job_id) if job_id else None

    def _stored(
        self, asked: Submission, submitter: Submitter, gathered: Gathered, resolved: Resolved
    ) -> JobView | None:
        """Store a job; return None when a submit at the same time with the same key was first.

        The transaction has at most five statements; three or four more where the job begins with stored
        weights, and more where its owner has limits.
        """
        dataset = gathered.dataset
        assert dataset is not None, "without data nothing is resolved"
        if not submitter.is_known:  # once in an owner's life
            with self.database.transaction() as session:
                job_rows.add_owner(session, asked.owner)
        job_id, limits = ids.new("job"), self.quotas.limits(submitter.limits)
        with self.database.transaction() as session:
            if not asked.key:
                dataset_rows.lock(session, dataset.sha256)
            elif not self.keys.take(session, asked.owner, asked.key, job_id, dataset.sha256):
                return None
            if limits.bound_jobs:
                self.quotas.check_submit(session, asked.owner, limits)
            dataset = self.facts.sources.keep(session, dataset)
            start = warm_start.held(session, gathered.start) if gathered.start else None
            name = asked.spec.name or job_rows.next_name(session, asked.owner, _stem(dataset, resolved.spec))
            columns = {"id": job_id, "name": name, **_columns(asked, resolved, dataset, start)}
            job = job_rows.add(session, columns, f"queued for {resolved.spec.device}")
            if asked.traceparent:
                session.execute(insert(Trace).values(job_id=job_id, traceparent=asked.traceparent, seq=job.events_seq))
        return replace(job_views.job_view(job, dataset.name), queue=gathered.place)

    def _of_the_first(self, asked: Submission) -> Submitted:
        found = self.replayed(asked.owner, asked.key) if asked.key else None
        if found is None:
            raise NotReady("Another request with this Idempotency-Key is being answered. Send it again.")
        return found


def _of_before(session: Session, owner: str, job_id: str) -> Submitted:
    """Return the job that the same key brought before.

    Raises: NotFound when it was deleted just now.
    """
    job = references.by_id(session, owner, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id!r}.")
    latest = job_views.latest_epoch(session, job_id) if job.training.epochs_done else None
    return Submitted(job.with_latest(latest), replayed=True)


def _columns(
    asked: Submission, resolved: Resolved, dataset: DatasetView, start: warm_start.Source | None
) -> dict[str, Any]:
    """Return what the row of a job holds, but for its id and its name."""
    echo = resolved_json(resolved.spec)
    if start:
        # Chosen again: a job that is still training may have found a better one since it was looked up.
        echo["init_from"]["checkpoint"] = start.checkpoint.id
    if dataset.source not in BY_NAME:
        # Two submits of the same new rows meet here: the second takes the first one's data set.
        echo["data"]["dataset"] = dataset.id
    old = asked.retry_of
    return {
        "owner": asked.owner,
        "state": JobState.QUEUED,
        "spec": echo,
        "spec_submitted": asked.submitted,
        "spec_sha256": hashlib.sha256(orjson.dumps(echo, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        "dataset_id": dataset.id,
        "dataset_sha256": dataset.sha256,
        "init_checkpoint": start.checkpoint.id if start else None,
        "initialised_from": start.shown(resolved.started_new) if start else None,
        "device": resolved.spec.device,
        "priority": asked.spec.priority,
        "tags": list(asked.spec.tags),
        "metadata": asked.spec.metadata,
        "model_summary": {
            **resolved.model_summary,
            "steps_per_epoch": resolved.estimate["steps_per_epoch"],
            "estimate": resolved.estimate,
        },
        "warnings": resolved.warnings,
        "retry_of": old.id if old else None,
        "spec_diff": differences(old.spec, echo) if old else None,
    }


def _stem(dataset: DatasetView, spec: JobSpec) -> str:
    """Return what a job is called before its number."""
    return f"{dataset.name.rsplit('.', 1)[0][:40]}-{spec.model.type}".replace(" ", "_")
