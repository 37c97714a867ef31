"""`predict --dataset` and `predictions`: every row of a data set, predicted by the server's workers."""

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import click

from batchyard.batch_predictions import BatchPrediction
from batchyard.command import global_options
from batchyard.commands import session


def predict_dataset(named: str | None, dataset: str, *, checkpoint: str, kind: str, output: str | None) -> None:
    """Queue a batch prediction, wait for it, and write its output to a file or to standard output."""
    with session.client() as by:
        job = session.job(by, named)
        found = by.predictions.create(job=job.id, dataset=dataset, checkpoint=checkpoint, format=kind)
        session.say(f"{found.id}  {job.name}, checkpoint {checkpoint} (epoch {found.data['checkpoint'].get('epoch')})")
        for warning in found.data["warnings"]:
            session.say(f"! {warning['message']}")
        try:
            _followed(found)
        except KeyboardInterrupt:
            click.echo(f"\nDetached; it keeps running. Come back: batchyard predictions get {found.id}", err=True)
            click.get_current_context().exit(0)
        _delivered(found, output)


@click.group()
def predictions() -> None:
    """List, show, download, cancel and delete batch predictions."""


@predictions.command("ls")
@click.option("-n", "--limit", default=20, help="How many.")
@global_options
def listed(limit: int) -> None:
    """List batch predictions, newest first."""
    with session.client() as by:
        found = list(islice(by.predictions.list(), limit))
    session.listed(found, _line, "No batch predictions. Make one: batchyard predict JOB --dataset ds_…")


@predictions.command()
@click.argument("named", metavar="ID")
@global_options
def show(named: str) -> None:
    """Print one as JSON."""
    with session.client() as by:
        session.result(by.predictions.get(named).data)


@predictions.command()
@click.argument("named", metavar="ID")
@click.option("-o", "--output", metavar="FILE", help="Write here; else ID.csv or ID.parquet.")
@global_options
def get(named: str, output: str | None) -> None:
    """Wait for one and download its output; prints where it is."""
    with session.client() as by:
        found = by.predictions.get(named)
        _followed(found)
        _delivered(found, output or f"{found.id}.{found.data['format']}")


@predictions.command()
@click.argument("named", metavar="ID")
@global_options
def cancel(named: str) -> None:
    """Cancel one."""
    with session.client() as by:
        found = by.predictions.get(named).cancel()
        session.say(f"{found.id} is {found.status}.")


@predictions.command()
@click.argument("named", metavar="ID")
@click.option("--force", is_flag=True, help="Even if it is not finished.")
@global_options
def rm(named: str, force: bool) -> None:
    """Delete one with its output."""
    with session.client() as by:
        by.predictions.get(named).delete(force=force)
        session.say(f"{named} is deleted.")


def _followed(found: Any) -> None:
    """Wait until it has succeeded, telling how far it is each time that this has changed."""
    told = None
    for _ in found.changes():
        progress = found.data["progress"]
        told, before = (found.status, progress["rows"]), told
        if told != before:
            session.say(f"{found.status}  {progress['rows']:,} of {progress['total_rows']:,} rows")
    found.result()


def _delivered(found: Any, output: str | None) -> None:
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    if output is not None:
        path = found.download(output, progress=session.progress("Downloading"))
        session.say(f"✓ {path.stat().st_size:,} bytes")
        click.echo(json.dumps(found.data) if session.wants_json() else str(path))
        return
    with TemporaryDirectory() as folder:
        with open(found.download(Path(folder) / "output"), "rb") as file:
            copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


def _line(entry: BatchPrediction) -> str:
    progress = entry.data["progress"]
    rows = f"{progress['rows']}/{progress['total_rows']} rows"
    return f"{entry.id}  {entry.status:<10} {rows:>24}  {entry.data['job']}  {entry.data['dataset']}"
