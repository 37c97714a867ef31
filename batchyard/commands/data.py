"""`data push`, `ls`, `show`, `rename` and `rm`."""

from itertools import islice

import click

from batchyard.answers import Dataset
from batchyard.command import global_options
from batchyard.commands import session, words
from batchyard.commands.job_names import dataset as dataset_names


@click.group()
def data() -> None:
    """Upload, list, show, rename and delete data sets."""


@data.command()
@click.argument("file")
@click.option("--name", help="Name of the data set; default: the file's name.")
@global_options
def push(file: str, name: str | None) -> None:
    """Upload a CSV, Parquet, JSON Lines or NPZ file; print its id. A file the server already has is not sent again."""
    from pathlib import Path

    with session.client() as by:
        found = by.datasets.upload(Path(file), name=name, progress=session.progress(f"Uploading {file}"))
        session.say(words.uploaded(found))
        for warning in found.data.get("warnings", []):
            session.say(f"! {warning['message']}")
        session.result(found.data) if session.wants_json() else click.echo(found.id)


@data.command("ls")
@click.option("-n", "--limit", default=20, help="How many to show.")
@global_options
def listed(limit: int) -> None:
    """List data sets, newest first."""
    with session.client() as by:
        found = list(islice(by.datasets.list(), limit))
    session.listed(found, _line, "No data sets here. Upload one: batchyard data push rows.csv")


@data.command()
@click.argument("named", metavar="DATASET", shell_complete=dataset_names)
@global_options
def show(named: str) -> None:
    """Show the columns of a data set."""
    with session.client() as by:
        found = by.datasets.get(named)
        if session.wants_json():
            session.result(found.data)
            return
        click.echo(f"{found.id}  {found.name}  {found.rows} rows")
        for column in found.columns:
            click.echo(f"  {column['name']:<32} {column['type']:<10} {column.get('missing', 0)} missing")


@data.command()
@click.argument("named", metavar="DATASET", shell_complete=dataset_names)
@click.argument("name")
@global_options
def rename(named: str, name: str) -> None:
    """Give a data set another name."""
    with session.client() as by:
        found = by.datasets.rename(named, name)
    session.told(found.data, f"{named} is now called {found.name}.")


@data.command()
@click.argument("named", metavar="DATASET", shell_complete=dataset_names)
@global_options
def rm(named: str) -> None:
    """Delete a data set that no job uses."""
    with session.client() as by:
        by.datasets.delete(named)
        session.say(f"{named} is deleted.")


def _line(entry: Dataset) -> str:
    return f"{entry.id}  {entry.name:<32} {entry.rows:>10} rows  {entry.size_bytes:>14,} bytes"
