"""`workers ls`, `drain` and `undrain`."""

from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session

NONE = "! No worker is online; jobs wait. Start one: batchyard up, or docker compose up -d"


@click.group()
def workers() -> None:
    """List the workers, and drain one before its machine is needed otherwise."""


@workers.command("ls")
@global_options
def listed() -> None:
    """List the workers that showed signs of life recently."""
    with session.client() as by:
        session.listed(by.workers.list(), line, NONE)


@workers.command()
@click.argument("worker")
@global_options
def drain(worker: str) -> None:
    """Let a worker finish what it is running and take no more jobs."""
    with session.client() as by:
        found = by.workers.drain(worker)
    left = found["busy_slots"]
    finishes = f", and finishes {left} job{'' if left == 1 else 's'} first" if left else ""
    session.told(found, f"{worker} takes no more jobs{finishes}. Undo it: batchyard workers undrain {worker}")


@workers.command()
@click.argument("worker")
@global_options
def undrain(worker: str) -> None:
    """Let a drained worker take jobs again."""
    with session.client() as by:
        found = by.workers.undrain(worker)
    session.told(found, f"{worker} takes jobs again.")


def line(worker: dict[str, Any]) -> str:
    """Return a worker and what it is doing in a line."""
    busy = f"{worker.get('busy_slots', '?')}/{worker.get('slots', '?')} busy"
    # An older server does not count.
    ended = f"{worker['done']} done, {worker['failed']} failed  " if "done" in worker else ""
    return f"worker {worker['id']}  {worker['status']}  {busy}  {ended}seen {worker['heartbeat_age_seconds']} s ago"
