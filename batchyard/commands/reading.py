"""`logs` and `metrics`."""

import csv
import json
import math
import sys
from pathlib import Path
from typing import Any

import click

from batchyard import curves
from batchyard.command import global_options
from batchyard.commands import session
from batchyard.commands.job_names import job as job_names

COSTS = ("train_cost", "val_cost")
PICTURES = {".svg", ".png"}


@click.command()
@click.argument("named", metavar="[JOB]", required=False, shell_complete=job_names)
@click.option("-f", "--follow", is_flag=True, help="Keep printing until the job has finished.")
@click.option("--tail", type=int, help="Only this many of the last lines.")
@click.option("--timestamps", is_flag=True, help="Start each line with its time.")
@global_options
def logs(named: str | None, follow: bool, tail: int | None, timestamps: bool) -> None:
    """Print a job's log."""
    with session.client() as by:
        job = session.job(by, named)
        # What the log holds and what comes after must meet: the events are counted before it is read.
        last = max([event["seq"] for event in _events(by, job.id)], default=0) if follow else 0
        click.echo(job.logs(tail, timestamps=timestamps), nl=False)
        if follow and not job.done():
            for event in job.events(after=last):
                click.echo(f"{event.created_at} {event.message}" if timestamps else event.message)


@click.command()
@click.argument("named", metavar="[JOB]", required=False, shell_complete=job_names)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option(
    "--plot",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="Draw the costs in the terminal, or to an .svg or .png FILE.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to a .csv, .svg or .png file.")
@global_options
def metrics(named: str | None, as_csv: bool, plot: str | None, output: str | None) -> None:
    """Print or draw the costs and metrics of a job's epochs."""
    if plot and plot != "-":
        if Path(plot).suffix.lower() not in PICTURES and named is None:
            named, plot = plot, "-"  # `metrics --plot JOB`
        else:
            output, plot = plot, None
    with session.client() as by:
        job = session.job(by, named)
        columns = job.epochs()
        ending = Path(output).suffix.lower() if output else ""
        if output and ending not in {".csv", *PICTURES}:
            raise click.UsageError(f"{output}: use .svg or .png for a picture, or .csv for a table.")
        if ending in PICTURES and output:
            _draw(columns, Path(output), f"Costs of {job.name}")
        elif output:
            with open(output, "w", newline="") as file:
                _csv(columns, file)
        elif plot:
            from batchyard.commands.plot import drawn

            click.echo(drawn(columns))
        elif session.wants_json():
            click.echo(json.dumps({name: [_json(cell) for cell in cells] for name, cells in columns.items()}))
        elif as_csv or not sys.stdout.isatty():
            _csv(columns, sys.stdout)
        else:
            from batchyard.showing import lines

            click.echo("\n".join(lines(columns, job.spec.get("epochs"))))
        if output:
            session.say(f"✓ {output}")


def _draw(columns: dict[str, list[Any]], path: Path, title: str) -> None:
    if path.suffix.lower() == ".svg":
        path.write_text(curves.svg(columns, COSTS, title=title), encoding="utf-8")
        return
    from batchyard.png import png

    path.write_bytes(png(columns, COSTS, title=title))


def _csv(columns: dict[str, list[Any]], file: Any) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))


def _json(cell: Any) -> Any:
    """Return a cell as the server has it: JSON has no number for what is not finite."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return "NaN" if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
    return cell


def _events(by: Any, job_id: str) -> list[dict[str, Any]]:
    from batchyard.pages import items

    return list(items(by.transport, f"/api/v1/jobs/{job_id}/events", {"limit": 1000}))
