"""What every command uses: the client, the job that is meant, and where words and results go."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from batchyard import configuration
from batchyard.client import Client
from batchyard.job_future import Job


def chosen(name: str, default: Any = None) -> Any:
    """Return an option that stands before or after the command."""
    context = click.get_current_context()
    return (context.find_object(dict) or {}).get(name, default)


def client() -> Client:
    """Return a client of the server that is meant."""
    try:
        found = Client(chosen("server"), timeout=chosen("timeout", 60.0))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if chosen("verbose"):
        found.transport.http.event_hooks["response"] = [_told]
    return found


def address() -> str:
    """Return where the server is."""
    return configuration.configuration(chosen("server")).url


def _told(answer: Any) -> None:
    request = answer.request
    click.echo(f"> {request.method} {request.url} {answer.status_code}", err=True)


def job(by: Client, named: str | None) -> Job:
    """Return the job that is meant: by id, prefix or name, or the last one that was submitted from here."""
    if named and named != "-":
        return by.job(named)
    last = configuration.last_job(by.base_url)
    if last is None:
        raise click.UsageError("Which job? None has been submitted from here yet. See: batchyard ls")
    return by.job(last)


def has_last(by: Client) -> bool:
    """Return whether a job was submitted from here to this server."""
    return configuration.last_job(by.base_url) is not None


def say(text: str) -> None:
    """Print words on stderr, where they are in nobody's way."""
    if not chosen("quiet"):
        click.echo(text, err=True)


def result(value: Any) -> None:
    """Print a result as one JSON document."""
    click.echo(json.dumps(value, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False))


def told(found: Any, sentence: str, printed: str = "") -> None:
    """Say what was done, and print what a script goes on with; with --json print the result instead."""
    if wants_json():
        result(found)
        return
    say(sentence)
    if printed:
        click.echo(printed)


def listed(entries: Sequence[Any], line: Callable[[Any], str], nothing: str = "") -> None:
    """Print a line for each entry, or say what to do where there is none; with --json print one document."""
    if wants_json():
        result([entry if isinstance(entry, dict) else entry.data for entry in entries])
        return
    for entry in entries:
        click.echo(line(entry).rstrip())
    if not entries and nothing:
        say(nothing)


def wants_json() -> bool:
    """Return whether --json was said."""
    return bool(chosen("as_json"))


def short(job_id: str) -> str:
    """Return as much of an id as a person types."""
    return job_id[:12]


def progress(label: str) -> Any:
    """Return what shows a bar while bytes move, on a terminal only; called with bytes done and bytes in all."""
    if chosen("quiet") or not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(label, total=None)

    def moved(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)
        if done >= total:
            bar.stop()

    return moved
