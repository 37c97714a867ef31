"""`watch`: a panel on a terminal, a line an epoch where it is piped, events as NDJSON with --json."""

import json
import sys
from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.errors import WaitTimeout
from batchyard.job_future import Job
from batchyard.showing import lines

ENDS = {"succeeded": 0, "failed": 3, "cancelled": 9}


@click.command()
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@click.option("--plain", is_flag=True, help="Print one line per epoch, even on a terminal.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 however the job ends.")
@click.option("--wait", type=float, metavar="S", help="Stop watching after this many seconds, with exit code 7.")
@global_options
def watch(jobs: tuple[str, ...], plain: bool, exit_zero: bool, wait: float | None) -> None:
    """Watch jobs until they finish. Ctrl-C detaches and leaves them running."""
    with session.client() as by:
        found = [session.job(by, named) for named in jobs or (None,)]
        follow(found, plain=plain, timeout=wait, exit_zero=exit_zero)


def follow(
    jobs: list[Job], *, plain: bool = False, quiet: bool = False, timeout: float | None = None, exit_zero: bool = False
) -> None:
    """Show jobs one after the other until they are done; end with a code unless all succeeded."""
    code = 0
    try:
        for job in jobs:
            _follow(job, plain, quiet, timeout)
            code = max(code, ENDS.get(job.status, 1))
    except KeyboardInterrupt:
        click.echo(f"\nDetached; the job keeps running. Come back: batchyard watch {session.short(job.id)}", err=True)
        click.get_current_context().exit(0)
    except WaitTimeout as error:
        # The id is what a script goes on with.
        click.echo(f"✗ {error} Come back: batchyard watch {session.short(job.id)}", err=True)
        click.get_current_context().exit(7)
    if code and not exit_zero:
        click.get_current_context().exit(code)


def _follow(job: Job, plain: bool, quiet: bool, timeout: float | None) -> None:
    if quiet:
        job.wait(timeout)
    elif session.wants_json():
        for event in job.events():
            click.echo(json.dumps(vars(event)))
        job.refresh()
        return
    elif plain or not sys.stdout.isatty():
        _print(job, timeout)
    else:
        from batchyard.commands.panel import show

        show(job, timeout)
    session.say(ended(job))


def _print(job: Job, timeout: float | None) -> None:
    last, status = 0, ""
    for _ in job.changes(timeout):
        if job.status != status:
            status = job.status
            reason = ((job.data.get("queue") or {}).get("reason") or {}).get("message", "")
            click.echo(f"job={job.id} status={status}{f'  {reason}' if reason else ''}")
        news = job.epochs(after_epoch=last)
        for line in lines(news, job.spec.get("epochs")):
            click.echo(line)
        sys.stdout.flush()
        last = max([last, *news["epoch"]])


def ended(job: Job) -> str:
    """Return how a job ended and what to do next."""
    best: Any = job.best
    kept = f"  best epoch {best.epoch}, {best.metric} {best.value:.4g}" if best else ""
    if job.status == "succeeded":
        return f"✓ {job.name} succeeded ({job.data.get('stop_reason')}){kept}\n  Predict  batchyard predict rows.csv"
    if job.status == "failed":
        error = job.error or {}
        return f"✗ {job.name} failed: {error.get('message', '')} {error.get('hint') or ''}{kept}".rstrip()
    return f"{job.name} is {job.status}{kept}"
