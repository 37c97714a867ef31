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
from services.db.engine import Database
from services.disk import Disk
from services.errors import NotReady
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
from services.wiring.rooms import Accounts, Attempts, Batches, Files, Jobs, Queue
from services.wiring.stored_files import dataset_storage, exports, output_files


@dataclass(frozen=True)
class Ground:
    """What every room stands on."""

    settings: Settings
    database: Database
    disk: Disk
    files: Files
    datasets: DatasetService
    accounts: Accounts


@dataclass(frozen=True)
class Base:
    """The rooms, joined to one database."""

    settings: Settings
    database: Database
    disk: Disk
    files: Files
    datasets: DatasetService
    sources: DataSources
    accounts: Accounts
    queue: Queue
    attempts: Attempts
    jobs: Jobs
    batches: Batches
    webhooks: WebhookService

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
    disk = Disk(settings)
    accounts = Accounts(KeyService(database), Quotas(database, settings), Shares(database))
    files = Files(dataset_storage(settings), exports(settings), ObjectStore.of(settings))
    datasets = DatasetService(database, files.datasets, settings, disk, accounts.quotas)
    ground = Ground(settings, database, disk, files, datasets, accounts)
    sources = DataSources(datasets, accounts.shares, intake.look)
    attempts = _attempts(ground)
    keys = IdempotencyKeys(database, settings.idempotency_s)
    return Base(
        settings=settings,
        database=database,
        disk=disk,
        files=files,
        datasets=datasets,
        sources=sources,
        accounts=accounts,
        queue=_queue(ground),
        attempts=attempts,
        jobs=_jobs(ground, intake, sources, keys),
        batches=_batches(ground, intake, keys),
        webhooks=WebhookService(database, settings),
    )


def _queue(ground: Ground) -> Queue:
    database, settings, disk = ground.database, ground.settings, ground.disk
    return Queue(
        claims=Claims(database, disk, settings.owner_running_jobs),
        time_slices=TimeSlices(database, settings),
        outlook=Outlook(database, settings, disk, ground.accounts.quotas.running_jobs),
        pauses=QueuePauses(database),
        workers=Workers(database, settings),
    )


def _attempts(ground: Ground) -> Attempts:
    lifecycle = Lifecycle(ground.database, ground.settings)
    return Attempts(lifecycle, Reaper(ground.database, lifecycle, ground.settings))


def _jobs(ground: Ground, intake: Intake, sources: DataSources, keys: IdempotencyKeys) -> Jobs:
    database, settings, disk, quotas = ground.database, ground.settings, ground.disk, ground.accounts.quotas
    facts = SubmissionFacts(database, sources, intake.sizes, settings, disk)
    service = JobService(database, facts, keys, quotas, intake.ring)
    listing = JobListing(database)
    lookup = JobLookup(database, settings, disk, quotas.running_jobs)
    commands = JobCommands(database, ground.datasets, lookup, intake.ring, ground.files.exports.remove)
    return Jobs(
        service=service,
        commands=commands,
        retry=JobRetry(service),
        bulk=JobBulk(commands, listing),
        lookup=lookup,
        listing=listing,
        logs=JobLogs(database, lookup),
        curves=JobCurves(database, lookup),
        evaluations=JobEvaluations(database, lookup),
        usages=JobUsages(database, lookup),
        changes=JobChanges(database),
        predictable=Predictable(database),
        pruning=Pruning(database, commands, settings),
    )


def _batches(ground: Ground, intake: Intake, keys: IdempotencyKeys) -> Batches:
    database, settings = ground.database, ground.settings
    lifecycle = BatchLifecycle(database, settings)
    return Batches(
        predictions=BatchPredictionService(database, output_files(settings), keys, settings, intake.ring),
        claims=BatchClaims(database, settings, ground.disk),
        lifecycle=lifecycle,
        reaper=Reaper(database, lifecycle, settings),
    )
