"""`ls` and `show`."""

from itertools import islice
from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session

SIGNS = {"running": "●", "queued": "◌", "succeeded": "✓", "failed": "✗", "cancelled": "-", "paused": "‖"}
BARS = "▁▂▃▄▅▆▇█"


@click.command()
@click.option("--status", help="States, separated by commas: running,queued")
@click.option("--tag", help="Only jobs with this tag.")
@click.option("--name", help="Only jobs with this name; * matches anything.")
@click.option("-n", "--limit", default=20, help="How many to show.")
@click.option("--all", "every", is_flag=True, help="Show all of them.")
@click.option("--sort", help="created_at, -created_at, name or -name.")
@click.option("--fields", help="With --json: only these fields, separated by commas.")
@global_options
def ls(limit: int, every: bool, fields: str | None, **filters: Any) -> None:
    """List jobs, newest first."""
    with session.client() as by:
        listed = by.jobs.list(page_size=100 if every else max(1, min(100, limit)), **filters)
        found = list(listed if every else islice(listed, limit))
        if session.wants_json():
            kept = fields.split(",") if fields else None
            session.result([{key: job.get(key) for key in kept} if kept else job for job in found])
            return
        for job in found:
            click.echo(_line(job))
        if not found:
            session.say("No jobs here. Try:  batchyard submit --builtin iris")


@click.command()
@click.argument("named", metavar="[JOB]", required=False)
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


def _line(job: dict[str, Any]) -> str:
    best, progress = job.get("best"), job.get("progress") or {}
    value = f"{best['metric']} {best['value']:.4g} @{best['epoch']}" if best else "-"
    done = f"{progress['epoch']}/{progress['epochs']}" if progress else "-"
    status = f"{SIGNS.get(job['status'], '?')} {job['status']}"
    return (
        f"{session.short(job['id'])}  {job['name']:<24} {status:<12} {done:>9}  {value:<24} {_spark(job.get('spark'))}"
    )


def _spark(values: list[float] | None) -> str:
    kept = [value for value in values or [] if isinstance(value, int | float)]
    if not kept:
        return ""
    low, span = min(kept), (max(kept) - min(kept)) or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in kept)
