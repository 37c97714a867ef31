"""Joins what every part of the server needs. Nothing here imports torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.accounts.keys import KeyService
from services.accounts.quotas import Quotas
from services.accounts.shares import Shares
from services.attempts.lifecycle import Lifecycle
from services.attempts.reaper import Reaper
from services.batches import batch_claims
from services.batches.batch_claims import BatchClaims
from services.batches.batch_lifecycle import BatchLifecycle
from services.batches.batch_predictions import BatchPredictionService
from services.columns import TableInfo
from services.datasets.data_sources import DataSources, Look
from services.datasets.datasets import DatasetService
from services.datasets.shared_storage import AnyStorage
from services.db.engine import Database
from services.disk import Disk
from services.errors import NotReady
from services.exports.shared_exports import AnyExports
from services.jobs.bulk import JobBulk
from services.jobs.changes import JobChanges
from services.jobs.commands import JobCommands
from services.jobs.curves import JobCurves
from services.jobs.idempotency import IdempotencyKeys
from services.jobs.job_evaluations import JobEvaluations
from services.jobs.job_usages import JobUsages
from services.jobs.listing import JobListing
from services.jobs.logs import JobLogs
from services.jobs.lookup import JobLookup
from services.jobs.predictable import Predictable
from services.jobs.pruning import Pruning
from services.jobs.retry import JobRetry
from services.jobs.submission_facts import SubmissionFacts
from services.jobs.submit import JobService
from services.objects.store import ObjectStore
from services.queue import order
from services.queue.claims import Claims
from services.queue.outlook import Outlook
from services.queue.pause import QueuePauses
from services.queue.time_slice import TimeSlices
from services.queue.workers import Workers
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.specs.schema.data import PluginData
from services.specs.schema.job import JobSpec
from services.webhooks.webhooks import WebhookService
from services.wiring.stored_files import dataset_storage, exports, output_files


@dataclass(frozen=True)
class Base:
    """The rooms, joined to one database."""

    settings: Settings
    database: Database
    disk: Disk
    storage: AnyStorage
    objects: ObjectStore | None  #: None: everything is in the storage folder
    datasets: DatasetService
    sources: DataSources
    jobs: JobService
    commands: JobCommands
    retry: JobRetry
    bulk: JobBulk
    lookup: JobLookup
    listing: JobListing
    logs: JobLogs
    claims: Claims
    lifecycle: Lifecycle
    time_slices: TimeSlices
    curves: JobCurves
    evaluations: JobEvaluations
    usages: JobUsages
    changes: JobChanges
    predictable: Predictable
    outlook: Outlook
    pauses: QueuePauses
    reaper: Reaper
    pruning: Pruning
    workers: Workers
    webhooks: WebhookService
    keys: KeyService
    export_files: AnyExports
    batch_claims: BatchClaims
    batch_lifecycle: BatchLifecycle
    batch_reaper: Reaper
    batch_predictions: BatchPredictionService
    quotas: Quotas
    shares: Shares

    def eligible(self, device: str) -> int:
        """Return how much queued work may start now, counted up to the most nudges that may wait."""
        if self.disk.is_full:
            return 0  # nothing is claimed, so that nobody need hear of it
        with self.database.reading() as session:
            most = self.settings.max_nudges
            return min(
                most,
                order.eligible(session, device, most, self.settings.owner_running_jobs)
                + batch_claims.eligible(session, most),
            )


def no_model(_spec: JobSpec, _info: TableInfo) -> dict[str, Any]:
    """Stand in for `measure` where nothing is submitted."""
    raise NotReady("This process takes no jobs in.")


def no_plugin(_spec: PluginData) -> tuple[TableInfo, str]:
    """Stand in for `look` where nothing is submitted."""
    raise NotReady("This process takes no jobs in.")


@dataclass(frozen=True)
class Intake:
    """What only a process needs that takes jobs in."""

    sizes: ModelSizes = ModelSizes(no_model)
    look: Look = no_plugin  #: what there is to be known of a plug-in's data
    ring: Callable[[str], None] = lambda device: None  #: called for each work that is queued; must not block


NO_INTAKE = Intake()


def base(settings: Settings, intake: Intake = NO_INTAKE, *, pool_size: int = 5) -> Base:
    """Join the rooms."""
    database = Database(settings, pool_size=pool_size)
    storage = dataset_storage(settings)
    disk = Disk(settings)
    quotas = Quotas(database, settings)
    datasets = DatasetService(database, storage, settings, disk, quotas)
    shares = Shares(database)
    sources = DataSources(datasets, shares, intake.look)
    lookup = JobLookup(database, settings, disk, quotas.running_jobs)
    lifecycle = Lifecycle(database, settings)
    listing = JobListing(database)
    facts = SubmissionFacts(database, sources, intake.sizes, settings, disk)
    keys = IdempotencyKeys(database, settings.idempotency_s)
    jobs = JobService(database, facts, keys, quotas, intake.ring)
    export_files = exports(settings)
    commands = JobCommands(database, datasets, lookup, intake.ring, export_files.remove)
    outputs = output_files(settings)
    batches = BatchLifecycle(database, settings)
    return Base(
        settings=settings,
        database=database,
        disk=disk,
        storage=storage,
        objects=ObjectStore.of(settings),
        datasets=datasets,
        sources=sources,
        jobs=jobs,
        commands=commands,
        retry=JobRetry(jobs),
        bulk=JobBulk(commands, listing),
        lookup=lookup,
        listing=listing,
        logs=JobLogs(database, lookup),
        claims=Claims(database, disk, settings.owner_running_jobs),
        lifecycle=lifecycle,
        time_slices=TimeSlices(database, settings),
        curves=JobCurves(database, lookup),
        evaluations=JobEvaluations(database, lookup),
        usages=JobUsages(database, lookup),
        changes=JobChanges(database),
        predictable=Predictable(database),
        outlook=Outlook(database, settings, disk, quotas.running_jobs),
        pauses=QueuePauses(database),
        reaper=Reaper(database, lifecycle, settings),
        pruning=Pruning(database, commands, settings),
        workers=Workers(database, settings),
        webhooks=WebhookService(database, settings),
        keys=KeyService(database),
        export_files=export_files,
        batch_claims=BatchClaims(database, settings, disk),
        batch_lifecycle=batches,
        batch_reaper=Reaper(database, batches, settings),
        batch_predictions=BatchPredictionService(database, outputs, keys, settings, intake.ring),
        quotas=quotas,
        shares=shares,
    )
