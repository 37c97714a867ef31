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
        _told(by.shares.create(reader, job=by.job(named).id))


@share.command()
@click.argument("named", metavar="DATASET", shell_complete=dataset_names)
@WITH
@global_options
def data(named: str, reader: str) -> None:
    """Share a data set: its rows, and training on it."""
    with session.client() as by:
        _told(by.shares.create(reader, dataset=by.datasets.get(named).id))


@share.command()
@click.argument("named", metavar="MODEL")
@WITH
@global_options
def model(named: str, reader: str) -> None:
    """Share a registered model with all its versions, and predictions by them."""
    with session.client() as by:
        _told(by.shares.create(reader, model=named))


@share.command("ls")
@global_options
def listed() -> None:
    """List what you share, and what others share with you."""
    with session.client() as by:
        session.listed(by.shares.list(), _line, "Nothing is shared. Share a job: batchyard share job JOB --with OWNER")


@share.command()
@click.argument("share_id", metavar="SHARE")
@global_options
def rm(share_id: str) -> None:
    """Stop sharing it."""
    with session.client() as by:
        by.shares.delete(share_id)
        session.say(f"{share_id} is removed.")


def _told(made: dict[str, Any]) -> None:
    who = "Everybody" if made["reader"] == "*" else made["reader"]
    use = "read and train on the data set" if made["kind"] == "dataset" else f"read and predict with the {made['kind']}"
    session.told(made, f"{who} can {use} {made['thing']}.", made["id"])


def _line(share: dict[str, Any]) -> str:
    whose = f"of {share['owner']:<16} with {share['reader']}"
    return f"{share['id']}  {share['kind']:<8} {share['thing']:<32} {whose}"
