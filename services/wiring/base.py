"""Joins what every part of the server needs. Nothing here imports torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.accounts.keys import KeyService
from services.accounts.quotas import Quotas
from services.attempts.lifecycle import Lifecycle
from services.attempts.reaper import Reaper
from services.columns import TableInfo
from services.datasets.datasets import DatasetService, Look
from services.datasets.storage import Storage
from services.db.engine import Database
from services.disk import Disk
from services.errors import NotReady
from services.jobs.bulk import JobBulk
from services.jobs.changes import JobChanges
from services.jobs.commands import JobCommands
from services.jobs.curves import JobCurves
from services.jobs.listing import JobListing
from services.jobs.logs import JobLogs
from services.jobs.lookup import JobLookup
from services.jobs.predictable import Predictable
from services.jobs.pruning import Pruning
from services.jobs.retry import JobRetry
from services.jobs.submit import JobService
from services.jobs.warm_start import ShapesOf
from services.queue import order
from services.queue.claims import Claims
from services.queue.outlook import Outlook
from services.queue.time_slice import TimeSlices
from services.queue.workers import Workers
from services.settings import Settings
from services.specs.resolve.resolution import Measure
from services.specs.schema.data import PluginData
from services.specs.schema.job import JobSpec
from services.webhooks.webhooks import WebhookService


@dataclass(frozen=True)
class Base:
    """The rooms, joined to one database."""

    settings: Settings
    database: Database
    disk: Disk
    storage: Storage
    datasets: DatasetService
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
    changes: JobChanges
    predictable: Predictable
    outlook: Outlook
    reaper: Reaper
    pruning: Pruning
    workers: Workers
    webhooks: WebhookService
    keys: KeyService
    quotas: Quotas

    def eligible(self, device: str) -> int:
        """Return how many queued jobs may start now, counted up to the most nudges that may wait."""
        if self.disk.is_full:
            return 0  # nothing is claimed, so that nobody need hear of it
        with self.database.reading() as session:
            return order.eligible(session, device, self.settings.max_nudges)


def no_model(_spec: JobSpec, _info: TableInfo) -> dict[str, Any]:
    """Stand in for `measure` where nothing is submitted."""
    raise NotReady("This process takes no jobs in.")


def no_shapes(_spec: JobSpec, _info: TableInfo) -> None:
    """Stand in for `shapes` where nothing is submitted."""


def no_plugin(_spec: PluginData) -> tuple[TableInfo, str]:
    """Stand in for `look` where nothing is submitted."""
    raise NotReady("This process takes no jobs in.")


def base(
    settings: Settings,
    ring: Callable[[], None] = lambda: None,
    measure: Measure = no_model,
    shapes: ShapesOf = no_shapes,
    look: Look = no_plugin,
    *,
    pool_size: int = 5,
) -> Base:
    """Join the rooms. `ring` is called after each submit and must not block; `measure` says how large its model is,
    `shapes` what its weights are, `look` what there is to be known of a plug-in's data.
    """
    database = Database(settings, pool_size=pool_size)
    storage = Storage(settings.storage)
    disk = Disk(settings)
    quotas = Quotas(database, settings)
    datasets = DatasetService(database, storage, settings, look, disk, quotas)
    lookup = JobLookup(database, settings, disk)
    lifecycle = Lifecycle(database, settings)
    listing = JobListing(database)
    jobs = JobService(database, datasets, settings, ring, measure, shapes, disk, quotas)
    commands = JobCommands(database, datasets, lookup, ring)
    return Base(
        settings=settings,
        database=database,
        disk=disk,
        storage=storage,
        datasets=datasets,
        jobs=jobs,
        commands=commands,
        retry=JobRetry(jobs),
        bulk=JobBulk(commands, listing),
        lookup=lookup,
        listing=listing,
        logs=JobLogs(database, lookup),
        claims=Claims(database, disk),
        lifecycle=lifecycle,
        time_slices=TimeSlices(database, settings),
        curves=JobCurves(database, lookup),
        changes=JobChanges(database),
        predictable=Predictable(database),
        outlook=Outlook(database, settings, disk),
        reaper=Reaper(database, lifecycle, settings),
        pruning=Pruning(database, commands, settings),
        workers=Workers(database, settings),
        webhooks=WebhookService(database, settings),
        keys=KeyService(database),
        quotas=quotas,
    )
