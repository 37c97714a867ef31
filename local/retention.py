"""`batchyard server prune`: deletes what the settings no longer keep, at once, or only says what that would be."""

import argparse
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.errors import SettingInvalid
from services.settings import Settings


def add_parser(parts: Any) -> None:
    """Add the command to those of the server."""
    part = parts.add_parser("prune", help="deletes what the BATCHYARD_KEEP_… settings no longer keep")
    part.add_argument("--dry-run", action="store_true", help="only list what would be deleted")
    part.add_argument("--data-dir", type=Path, help="folder of `batchyard up`; else BATCHYARD_STORAGE_DIR")
    part.set_defaults(start=prune)


def prune(settings: Settings, arguments: argparse.Namespace) -> None:
    """Delete or list what is over.

    Raises: SettingInvalid when the settings keep everything; SchemaMismatch; NotReady.
    """
    # Here, so that the other parts of the server start without these.
    from services.db.schema import check_schema
    from services.wiring.base import base

    kept = (
        settings.keep_jobs_days,
        settings.keep_jobs_count,
        settings.keep_events_days,
        settings.keep_predictions_days,
    )
    if not any(kept):
        raise SettingInvalid(
            "Everything is kept. Set one of BATCHYARD_KEEP_JOBS_DAYS, BATCHYARD_KEEP_JOBS_COUNT, "
            "BATCHYARD_KEEP_EVENTS_DAYS and BATCHYARD_KEEP_PREDICTIONS_DAYS."
        )
    rooms = base(replace(settings, storage_dir=arguments.data_dir or settings.storage_dir))
    with closing(rooms.database):
        check_schema(rooms.database)
        found, predictions = rooms.pruning.prunable(), rooms.batch_predictions.prunable()
        if arguments.dry_run:
            for job in found.jobs:
                finished = f"{job.finished_at:%Y-%m-%d %H:%M}" if job.finished_at else ""
                print(f"{job.owner:<16}  {job.id}  {finished:<16}  {job.name}")
            _say(f"Would delete {_counted(len(found.jobs), found.events, predictions)}.")
            return
        deleted = 0
        while count := rooms.pruning.prune():
            deleted += count
        while rooms.pruning.prunable().events:
            rooms.pruning.prune()
        while rooms.batch_predictions.prune():
            pass
    _say(f"Deleted {_counted(deleted, found.events, predictions)}.")


def _counted(*counts: int) -> str:
    """Return how many jobs, events of jobs that are kept, and batch predictions these are."""
    things = ("job", "event of other jobs", "batch prediction")
    plural = ("jobs", "events of other jobs", "batch predictions")
    said = [f"{n:,} {one if n == 1 else many}" for n, one, many in zip(counts, things, plural, strict=True)]
    return f"{said[0]}, {said[1]}, and {said[2]}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
