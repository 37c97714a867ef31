"""`watch`: a panel on a terminal, a line an epoch where it is piped, events as NDJSON with --json."""

import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from batchyard import configuration
from batchyard.command import global_options
from batchyard.commands import session, words
from batchyard.commands.job_names import job as job_names
from batchyard.errors import WaitTimeout
from batchyard.job_future import Job
from batchyard.showing import lines

ENDS = {"succeeded": 0, "failed": 3, "cancelled": 9}


@click.command()
@click.argument("jobs", metavar="[JOB]...", nargs=-1, shell_complete=job_names)
@click.option("--plain", is_flag=True, help="Print one line per epoch, even on a terminal.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 however the job ends.")
@click.option("--interval", type=float, metavar="S", help="Update at most once in this many seconds.")
@click.option("--metric", multiple=True, help="Show only these, such as val_accuracy; repeatable.")
@click.option("--wait", type=float, metavar="S", help="Stop watching after this many seconds, with exit code 7.")
@global_options
def watch(
    jobs: tuple[str, ...],
    plain: bool,
    exit_zero: bool,
    interval: float | None,
    metric: tuple[str, ...],
    wait: float | None,
) -> None:
    """Watch jobs until they finish. Ctrl-C detaches and leaves them running."""
    with session.client() as by:
        found = [session.job(by, named) for named in jobs or (None,)]
        follow(found, How(plain, False, wait, interval or 0.0, metric), exit_zero=exit_zero)


@dataclass(frozen=True)
class How:
    """How a job is shown while it is watched."""

    plain: bool = False
    quiet: bool = False  #: show nothing but how it ended
    timeout: float | None = None
    interval_s: float = 0.0
    metrics: tuple[str, ...] = ()  #: empty: all


def follow(jobs: list[Job], how: How, *, exit_zero: bool = False) -> None:
    """Show jobs one after the other until they are done; end with a code unless all succeeded."""
    code = 0
    try:
        for job in jobs:
            _follow(job, how)
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


def _follow(job: Job, how: How) -> None:
    if how.quiet:
        job.wait(how.timeout)
    elif session.wants_json():
        for event in job.events():
            click.echo(json.dumps(vars(event)))
        job.refresh()
        return
    elif how.plain or not sys.stdout.isatty() or configuration.terminal_is_dumb():
        _print(job, how)
    else:
        from batchyard.commands.panel import show

        show(job, how)
    session.say(words.ended(job, session.address()))


def _print(job: Job, how: How) -> None:
    last, status = 0, ""
    for _ in job.changes(how.timeout):
        if job.status != status:
            status = job.status
            reason = ((job.data.get("queue") or {}).get("reason") or {}).get("message", "")
            device = (job.data.get("worker") or {}).get("device")
            on = f" device={device}" if device else ""
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            click.echo(f"{now} job={job.id} status={status}{on}{f'  {reason}' if reason else ''}")
        news = job.epochs(after_epoch=last)
        for line in lines(_wanted(news, how.metrics), job.spec.get("epochs")):
            click.echo(line)
        sys.stdout.flush()
        if how.interval_s and not job.data["done"]:
            time.sleep(how.interval_s)
        last = max([last, *news["epoch"]])


def _wanted(news: dict[str, Any], metrics: tuple[str, ...]) -> dict[str, Any]:
    """Return the columns that are to be shown.

    Raises: UsageError naming those that there are.
    """
    if not metrics or not news["epoch"]:
        return news
    if missing := [name for name in metrics if name not in news]:
        known = ", ".join(name for name in news if name not in {"epoch", "checkpoint"})
        raise click.UsageError(f"There is no metric {missing[0]!r}. This job has: {known}.")
    return {name: cells for name, cells in news.items() if name in {"epoch", "checkpoint", *metrics}}
