"""Joins what every part of the server needs. Nothing here imports torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.datasets.service import DatasetService, Look
from services.datasets.storage import Storage
from services.db.engine import Database
from services.disk import Disk
from services.errors import NotReady
from services.jobs import queries
from services.jobs.bulk import JobBulk
from services.jobs.control import JobControl
from services.jobs.listing import JobListing
from services.jobs.logs import JobLogs
from services.jobs.outlook import Outlook
from services.jobs.reading import JobReading
from services.jobs.reaping import Reaper
from services.jobs.retention import Retention
from services.jobs.retrying import JobRetrying
from services.jobs.running import Running
from services.jobs.service import JobService
from services.jobs.turns import Turns
from services.jobs.warm_start import ShapesOf
from services.jobs.workers import Workers
from services.settings import Settings
from services.specs.columns import TableInfo
from services.specs.data import PluginData
from services.specs.job import JobSpec
from services.specs.resolving import Measure
from services.webhooks.service import WebhookService


@dataclass(frozen=True)
class Base:
    """The rooms, joined to one database."""

    settings: Settings
    database: Database
    disk: Disk
    storage: Storage
    datasets: DatasetService
    jobs: JobService
    control: JobControl
    retrying: JobRetrying
    bulk: JobBulk
    reading: JobReading
    listing: JobListing
    logs: JobLogs
    running: Running
    turns: Turns
    outlook: Outlook
    reaper: Reaper
    retention: Retention
    workers: Workers
    webhooks: WebhookService

    def eligible(self, device: str) -> int:
        """Return how many queued jobs may start now, counted up to the most nudges that may wait."""
        if self.disk.is_full:
            return 0  # nothing is claimed, so that nobody need hear of it
        with self.database.reading() as session:
            return queries.eligible(session, device, self.settings.max_nudges)


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
    datasets = DatasetService(database, storage, settings, look, disk)
    reading = JobReading(database, settings, disk)
    running = Running(database, settings, disk)
    listing = JobListing(database)
    jobs = JobService(database, datasets, settings, ring, measure, shapes, disk)
    return Base(
        settings=settings,
        database=database,
        disk=disk,
        storage=storage,
        datasets=datasets,
        jobs=jobs,
        control=JobControl(database, reading, ring),
        retrying=JobRetrying(jobs),
        bulk=JobBulk(jobs, listing),
        reading=reading,
        listing=listing,
        logs=JobLogs(database, reading),
        running=running,
        turns=Turns(database, settings),
        outlook=Outlook(database, settings, disk),
        reaper=Reaper(database, running, settings),
        retention=Retention(database, jobs, settings),
        workers=Workers(database, settings),
        webhooks=WebhookService(database, settings),
    )
