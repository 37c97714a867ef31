"""`ls` and `show`."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import job_table, session
from batchyard.commands.job_names import job as job_names

PAUSE_S = 2.0  #: between two looks of `ls --watch`


@click.command()
@click.option("--status", help="States, separated by commas: running,queued")
@click.option("--tag", help="Only jobs with this tag.")
@click.option("--name", help="Only jobs with this name; * matches anything.")
@click.option("-n", "--limit", default=20, help="How many to show.")
@click.option("--all", "every", is_flag=True, help="Show all of them.")
@click.option("--sort", help="created_at, name or best; - before it reverses the order.")
@click.option("--fields", help="With --json: only these fields, separated by commas; the same as --json=FIELDS.")
@click.option("--watch", "-w", is_flag=True, help="Refresh the list every two seconds, until Ctrl-C.")
@global_options
def ls(limit: int, every: bool, fields: str | None, watch: bool, **filters: Any) -> None:
    """List jobs, newest first unless --sort says otherwise."""
    with session.client() as by:

        def read() -> list[dict[str, Any]]:
            listed = by.jobs.list(page_size=100 if every else max(1, min(100, limit)), **filters)
            return list(listed if every else islice(listed, limit))

        if session.wants_json():
            kept = fields.split(",") if fields else None
            session.result([{key: job.get(key) for key in kept} if kept else job for job in read()])
        elif watch:
            _watch(by, read)
        else:
            found = read()
            if found:
                click.echo("\n".join(job_table.lines(found)))
            session.say(_foot(by, len(found), filtered=any(filters.values())))


def _watch(by: Any, read: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        while True:
            found = read()
            lines = [
                *job_table.lines(found),
                _foot(by, len(found), filtered=False),
                "Ctrl-C stops the list; jobs keep running.",
            ]
            if sys.stdout.isatty():
                click.clear()
            click.echo("\n".join(lines))
            time.sleep(PAUSE_S)
    except KeyboardInterrupt:
        click.get_current_context().exit(0)


def _foot(by: Any, shown: int, *, filtered: bool) -> str:
    """Return what stands below a list: how many there are, and who works."""
    if not shown:
        return (
            "No job matches. All jobs: batchyard ls"
            if filtered
            else "No jobs here. Try:  batchyard submit --builtin iris"
        )
    counts = by.jobs.page(limit=1).get("counts") or {}
    devices = Counter(worker.get("device", "cpu") for worker in by.workers.list())
    workers = ", ".join(f"{devices[d]} {d} worker{'' if devices[d] == 1 else 's'}" for d in ("cpu", "cuda"))
    if (total := sum(counts.values())) > shown and not filtered:
        return f"{shown} of {total} jobs (--all for the rest) · {workers}"
    return f"{shown} job{'' if shown == 1 else 's'} · {workers}"


@click.command()
@click.argument("named", metavar="[JOB]", required=False, shell_complete=job_names)
@click.option("--spec", is_flag=True, help="Print a spec that can be submitted again.")
@global_options
def show(named: str | None, spec: bool) -> None:
    """Show one job in full."""
    with session.client() as by:
        job = session.job(by, named)
        if session.wants_json():
            session.result(job.spec if spec else job.data)
            return
        import yaml

        if spec:
            click.echo(yaml.safe_dump(job.spec, sort_keys=False, allow_unicode=True), nl=False)
            return
        keys = ("id", "name", "status", "stop_reason", "created_at", "finished_at", "best", "error", "warnings", "tags")
        shown = {key: job.data[key] for key in keys if job.data.get(key)}
        click.echo(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True), nl=False)
