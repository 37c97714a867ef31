"""What belongs together: the services of each room, as the parts of the server reach them."""

from dataclasses import dataclass

from services.accounts.keys import KeyService
from services.accounts.quotas import Quotas
from services.accounts.shares import Shares
from services.attempts.lifecycle import Lifecycle
from services.attempts.reaper import Reaper
from services.batches.batch_claims import BatchClaims
from services.batches.batch_lifecycle import BatchLifecycle
from services.batches.batch_predictions import BatchPredictionService
from services.datasets.shared_storage import AnyStorage
from services.exports.shared_exports import AnyExports
from services.jobs.bulk import JobBulk
from services.jobs.changes import JobChanges
from services.jobs.commands import JobCommands
from services.jobs.curves import JobCurves
from services.jobs.job_evaluations import JobEvaluations
from services.jobs.job_usages import JobUsages
from services.jobs.listing import JobListing
from services.jobs.logs import JobLogs
from services.jobs.lookup import JobLookup
from services.jobs.predictable import Predictable
from services.jobs.pruning import Pruning
from services.jobs.retry import JobRetry
from services.jobs.submit import JobService
from services.objects.store import ObjectStore
from services.queue.claims import Claims
from services.queue.outlook import Outlook
from services.queue.pause import QueuePauses
from services.queue.time_slice import TimeSlices
from services.queue.workers import Workers


@dataclass(frozen=True)
class Jobs:
    """What users do with jobs and read of them."""

    service: JobService
    commands: JobCommands
    retry: JobRetry
    bulk: JobBulk
    lookup: JobLookup
    listing: JobListing
    logs: JobLogs
    curves: JobCurves
    evaluations: JobEvaluations
    usages: JobUsages
    changes: JobChanges
    predictable: Predictable
    pruning: Pruning


@dataclass(frozen=True)
class Queue:
    """Who trains next."""

    claims: Claims
    time_slices: TimeSlices
    outlook: Outlook
    pauses: QueuePauses
    workers: Workers


@dataclass(frozen=True)
class Attempts:
    """How running jobs begin, live and end."""

    lifecycle: Lifecycle
    reaper: Reaper


@dataclass(frozen=True)
class Batches:
    """Batch predictions, from their submit to their end."""

    predictions: BatchPredictionService
    claims: BatchClaims
    lifecycle: BatchLifecycle
    reaper: Reaper


@dataclass(frozen=True)
class Accounts:
    """Who may do what, and how much of it."""

    keys: KeyService
    quotas: Quotas
    shares: Shares


@dataclass(frozen=True)
class Files:
    """What is stored outside SQL."""

    datasets: AnyStorage
    exports: AnyExports
    objects: ObjectStore | None  #: None: everything is in the storage folder
