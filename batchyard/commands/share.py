"""`share job`, `share data`, `share model`, `share ls` and `share rm`."""

from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.commands.job_names import dataset as dataset_names
from batchyard.commands.job_names import job as job_names

WITH = click.option("--with", "reader", required=True, metavar="OWNER", help="Whose keys may read it; '*': all.")


@click.group()
def share() -> None:
    """Let other owners read and predict with what is yours; they can't change it."""


@share.command()
@click.argument("named", metavar="JOB", shell_complete=job_names)
@WITH
@global_options
def job(named: str, reader: str) -> None:
    """Share a job: its costs, checkpoints, exports and predictions."""
    with session.client() as by:
        _said(by.shares.create(reader, job=by.job(named).id))


@share.command()
@click.argument("named", metavar="DATASET", shell_complete=dataset_names)
@WITH
@global_options
def data(named: str, reader: str) -> None:
    """Share a data set: its rows, and training on it."""
    with session.client() as by:
        _said(by.shares.create(reader, dataset=by.datasets.get(named).id))


@share.command()
@click.argument("named", metavar="MODEL")
@WITH
@global_options
def model(named: str, reader: str) -> None:
    """Share a registered model with all its versions, and predictions by them."""
    with session.client() as by:
        _said(by.shares.create(reader, model=named))


@share.command("ls")
@global_options
def listed() -> None:
    """List what you share, and what others share with you."""
    with session.client() as by:
        found = by.shares.list()
        if session.wants_json():
            session.result(found)
            return
        for one in found:
            click.echo(f"{one['id']}  {one['kind']:<8} {one['thing']:<32} of {one['owner']:<16} with {one['reader']}")
        if not found:
            session.say("Nothing is shared. Share a job: batchyard share job JOB --with OWNER")


@share.command()
@click.argument("share_id", metavar="SHARE")
@global_options
def rm(share_id: str) -> None:
    """Share it no more."""
    with session.client() as by:
        by.shares.delete(share_id)
        session.say(f"{share_id} is removed.")


def _said(made: dict[str, Any]) -> None:
    if session.wants_json():
        session.result(made)
        return
    session.say(f"{made['kind']} {made['thing']} can be read and predicted with by {made['reader']}.")
    click.echo(made["id"])
