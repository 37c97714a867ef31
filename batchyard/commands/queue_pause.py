"""`queue pause` and `queue resume`."""

import click

from batchyard.command import global_options
from batchyard.commands import session


@click.group()
def queue() -> None:
    """Pause the whole queue, or resume it; `batchyard status` shows it."""


@queue.command()
@global_options
def pause() -> None:
    """Start no more waiting jobs, of any owner; running ones continue."""
    with session.client() as by:
        found = by.queue.pause()
    running = sum(one["running"] for one in found["queues"])
    goes_on = f"; {running} running job{' continues' if running == 1 else 's continue'}" if running else ""
    session.told(found, f"The queue is paused{goes_on}. Resume it: batchyard queue resume")


@queue.command()
@global_options
def resume() -> None:
    """Let waiting jobs start again."""
    with session.client() as by:
        found = by.queue.resume()
    queued = sum(one["queued"] for one in found["queues"])
    session.told(found, f"The queue is resumed; {queued} job{' waits' if queued == 1 else 's wait'} in it.")
