"""`predict`: rows in, predictions out; a CSV goes through row by row, a Parquet file in one request."""

import sys
from itertools import islice
from pathlib import Path
from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import prediction_output as output_of
from batchyard.commands import session
from batchyard.commands.csv_rows import csv_rows
from batchyard.commands.job_names import job_and_file
from batchyard.errors import InvalidTable, NotFound
from batchyard.job_future import Job
from batchyard.payloads import payload_of
from batchyard.tables import missing_text, spare_columns

PIECE = 1_000
PARQUET = "application/vnd.apache.parquet"
MEDIA = {"parquet": PARQUET, "csv": "text/csv", "json": "application/json"}


@click.command()
@click.argument("names", metavar="[JOB] FILE", nargs=-1, required=True, shell_complete=job_and_file)
@click.option("--checkpoint", default="best", help="best, last, epoch:N or an id.")
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@click.option("--format", "kind", type=click.Choice(output_of.FORMATS), help="Else as --output ends, else csv.")
@click.option("-o", "--output", metavar="FILE", help="Write here instead of to standard output.")
@global_options
def predict(names: tuple[str, ...], checkpoint: str, proba: bool, kind: str | None, output: str | None) -> None:
    """Predict the rows of FILE (a CSV with a header, - is standard input; or Parquet)."""
    if len(names) > 2:
        raise click.UsageError("predict takes one job and one file: batchyard predict JOB rows.csv")
    file, named = names[-1], names[0] if len(names) == 2 else None
    kind = output_of.format_of(kind, output)
    if _is_parquet(file) or kind == "parquet":
        _predict_whole(named, file, checkpoint, output, kind=kind, proba=proba)
        return
    with session.client() as by, csv_rows(file) as (header, rows):
        job = session.job(by, named)
        places = _places(job, file, header)
        told = False
        with output_of.text_writer(output, kind, proba=proba) as writer:
            while piece := list(islice(rows, PIECE)):
                body = {"x": [[_cell(row[n]) for n in places] for row in piece]}
                found = _answered(job, body, checkpoint)
                if not told:
                    told = True
                    _tell(job, checkpoint, found.checkpoint, found.warnings)
                writer.write(found)
            if not told:
                raise InvalidTable(f"{file} has no rows below its header. Add at least one.")


def _predict_whole(
    named: str | None, file: str, checkpoint: str, output: str | None, *, kind: str, proba: bool
) -> None:
    """Send a file as it is and write the answer as it comes: the server reads and writes the format."""
    if kind == "jsonl":
        raise click.UsageError("A Parquet file is predicted as csv, json or parquet. Say --format json.")
    content = _bytes(file)
    with session.client() as by:
        job = session.job(by, named)
        answer = by.transport.request(
            "POST",
            f"/api/v1/jobs/{job.id}/predict",
            content=lambda: content,
            params={"checkpoint": checkpoint, "output": "all" if proba else "predictions"},
            headers={"Content-Type": PARQUET if content[:4] == b"PAR1" else "text/csv", "Accept": MEDIA[kind]},
            repeatable=True,
        )
        _tell(job, checkpoint, {}, [])
        if kind == "parquet":
            output_of.write_bytes(output, answer.content)
            return
        output_of.write_text(output, answer.text.rstrip("\n") + "\n")


def _places(job: Job, file: str, header: list[str]) -> list[int]:
    """Return where the model's features are in a row, in its order.

    Raises: InvalidTable naming those that are missing.
    """
    features = job.spec.get("data", {}).get("features") or header
    missing = [name for name in features if name not in header]
    if missing:
        raise InvalidTable(f"{file}: {missing_text(missing, header)}")
    if spare := spare_columns(header, features, job.spec):
        session.say(f"! not used, the model was not trained on them: {', '.join(spare[:20])}")
    return [header.index(name) for name in features]


def _answered(job: Job, body: dict[str, Any], checkpoint: str) -> Any:
    try:
        return job.predicted(body, checkpoint=checkpoint)
    except NotFound:
        job.refresh()  # says so if it is the job that is gone
        raise


def _tell(job: Job, checkpoint: str, weights: dict[str, Any], warnings: list[str]) -> None:
    epoch = weights.get("epoch") or (job.best.epoch if job.best and checkpoint == "best" else None)
    session.say(f"from {job.name}, checkpoint {checkpoint}{f' (epoch {epoch})' if epoch else ''}")
    for warning in warnings:
        session.say(f"! {warning}")


def _bytes(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    payload = payload_of(Path(file))  # says what is wrong with a folder, an empty file, or none
    with payload.open() as opened:
        return opened.read()


def _is_parquet(file: str) -> bool:
    try:
        with open(file, "rb") as opened:
            return opened.read(4) == b"PAR1"
    except OSError:
        return False  # said where it is read


def _cell(text: str) -> str | None:
    return text if text.strip() else None
