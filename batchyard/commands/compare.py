"""`compare`: in what jobs differ."""

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.commands.job_names import job as job_names
from batchyard.comparison import differing


@click.command()
@click.argument("names", metavar="JOB JOB...", nargs=-1, required=True, shell_complete=job_names)
@global_options
def compare(names: tuple[str, ...]) -> None:
    """Show how jobs differ, and their best values."""
    if len(names) < 2:
        raise click.UsageError("compare takes at least two jobs: batchyard compare JOB JOB")
    with session.client() as by:
        jobs = [session.job(by, name) for name in names]
    different = differing([job.spec for job in jobs])
    best = [{"metric": job.best.metric, "value": job.best.value} if job.best else None for job in jobs]
    if session.wants_json():
        session.result({"jobs": [job.id for job in jobs], "parameters": different, "best": best})
        return
    rows = [["", *(job.name for job in jobs)], ["status", *(job.status for job in jobs)]]
    rows.append(["best", *(f"{b['metric']} {b['value']:.4g}" if b else "-" for b in best)])
    rows += [[key, *(str(value) for value in values)] for key, values in different.items()]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
