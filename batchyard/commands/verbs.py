"""`cancel`, `pause`, `resume`, `retry` and `rm`."""

import sys
from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.commands.job_names import job as job_names
from batchyard.commands.submit import parsed_changes
from batchyard.job_future import Job

JOBS = click.argument("names", metavar="JOB...", nargs=-1, shell_complete=job_names)


@click.command()
@JOBS
@click.option("--all", "every", is_flag=True, help="All unfinished jobs, or those with --status.")
@click.option("--status", help="With --all: queued, running or paused.")
@click.option("--reason", help="Reason, shown in the job's events.")
@click.option("--wait", is_flag=True, help="Wait until they have stopped.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@global_options
def cancel(names: tuple[str, ...], every: bool, status: str | None, reason: str | None, wait: bool, yes: bool) -> None:
    """Cancel jobs. Their best weights are kept."""
    with session.client() as by:
        if every:
            _sure("Cancel all these jobs?", yes)
            body: dict[str, Any] = {"status": status.split(",")} if status else {"all": True}
            found = by.transport.json("POST", "/api/v1/jobs/cancel", json=body, repeatable=True)
            for outcome in found["data"]:
                click.echo(outcome["id"])
            return
        for job in _named(by, names):
            job.cancel(reason)
            if wait:
                job.wait()
            best = f" Best epoch {job.best.epoch} is kept." if job.best else ""
            session.say(f"{job.name} is {job.status}.{best}")


@click.command()
@JOBS
@global_options
def pause(names: tuple[str, ...]) -> None:
    """Pause running jobs at their next batch, which frees their worker."""
    with session.client() as by:
        for job in _named(by, names):
            session.say(f"{job.name} is {job.pause().status}. Continue: batchyard resume {session.short(job.id)}")


@click.command()
@JOBS
@global_options
def resume(names: tuple[str, ...]) -> None:
    """Queue paused jobs again. They end with the same bits as if they had never been paused."""
    with session.client() as by:
        for job in _named(by, names):
            session.say(f"{job.name} is {job.resume().status}.")


@click.command()
@click.argument("named", metavar="[JOB]", required=False, shell_complete=job_names)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change optimizer.lr=0.01; repeatable.")
@click.option("--name", help="Name of the new job.")
@click.option("--suggestion", is_flag=True, help="Apply the change that the job's error suggests.")
@global_options
def retry(named: str | None, changes: tuple[str, ...], name: str | None, suggestion: bool) -> None:
    """Submit a job's spec again as a new job, with changes; print its id."""
    with session.client() as by:
        job = session.job(by, named).retry(name=name, suggestion=suggestion, **parsed_changes(changes))
        session.say(f"✓ Queued {job.name}")
        click.echo(job.id)


@click.command()
@JOBS
@click.option("--force", is_flag=True, help="Cancel and delete unfinished jobs too.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@global_options
def rm(names: tuple[str, ...], force: bool, yes: bool) -> None:
    """Delete jobs with everything they stored."""
    if not names:
        raise click.UsageError("Which jobs? Name them: batchyard rm JOB")
    with session.client() as by:
        jobs = _named(by, names)
        _sure(f"Delete {', '.join(job.name for job in jobs)}?", yes)
        for job in jobs:
            job.delete(force=force)
            session.say(f"{job.name} is deleted.")


def _named(by: Any, names: tuple[str, ...]) -> list[Job]:
    return [session.job(by, name) for name in names or (None,)]


def _sure(question: str, yes: bool) -> None:
    if yes:
        return
    if session.chosen("no_input") or not sys.stdin.isatty():
        raise click.UsageError("This can't be undone, and there is no one to ask. Pass --yes.")
    click.confirm(question, abort=True, err=True)
