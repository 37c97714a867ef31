"""`predict`: rows in, predictions out; a CSV goes through row by row, a Parquet file in one request."""

import re
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
from batchyard.errors import InvalidSpec, InvalidTable, NotFound, sentence
from batchyard.job_future import Job
from batchyard.payloads import payload_of
from batchyard.tables import missing_text, spare_columns

PIECE = 1_000
PARQUET = "application/vnd.apache.parquet"
MEDIA = {"parquet": PARQUET, "csv": "text/csv", "json": "application/json"}


@click.command()
@click.argument("names", metavar="[JOB] [FILE]", nargs=-1, shell_complete=job_and_file)
@click.option("--dataset", metavar="DATASET", help="Predict every row of a data set on the server instead of a FILE.")
@click.option(
    "--format", "kind", type=click.Choice(output_of.FORMATS), help="Default: by the ending of --output, or csv."
)
@click.option("--checkpoint", default="best", help="best, last, epoch:N or an id.")
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@click.option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output.")
@global_options
def predict(
    names: tuple[str, ...], dataset: str | None, kind: str | None, checkpoint: str, proba: bool, output: str | None
) -> None:
    """Predict the rows of FILE (CSV with a header, or Parquet; - is standard input), or of a data set on the server."""
    if dataset is not None:
        _predict_dataset(names, dataset, checkpoint=checkpoint, kind=kind, output=output)
        return
    if not 1 <= len(names) <= 2:
        raise click.UsageError("predict takes a job and a file: batchyard predict JOB rows.csv")
    file, named = names[-1], names[0] if len(names) == 2 else None
    kind = output_of.format_of(kind, output)
    if _is_parquet(file) or kind == "parquet":
        _predict_whole(named, file, checkpoint, output, kind=kind, proba=proba)
        return
    with session.client() as by, csv_rows(file) as (header, rows):
        job = session.job(by, named)
        places = _places(job, file, header)
        told, before = False, 0
        with output_of.text_writer(output, kind, proba=proba) as writer:
            while piece := list(islice(rows, PIECE)):
                body = {"x": [[_cell(row[n]) for n in places] for row in piece]}
                try:
                    found = _answered(job, body, checkpoint)
                except InvalidSpec as error:
                    raise _in_file(error, file, [header[n] for n in places], before) from error
                before += len(piece)
                if not told:
                    told = True
                    _tell(job, checkpoint, found.checkpoint, found.warnings)
                writer.write(found)
            if not told:
                raise InvalidTable(f"{file} has no rows below its header. Add at least one.")


def _predict_dataset(
    names: tuple[str, ...], dataset: str, *, checkpoint: str, kind: str | None, output: str | None
) -> None:
    from batchyard.commands.predictions import predict_dataset

    if len(names) > 1:
        raise click.UsageError("--dataset replaces FILE: batchyard predict JOB --dataset ds_…")
    kind = kind or output_of.format_of(None, output, by_json="csv")
    if kind not in {"csv", "parquet"}:
        raise click.UsageError("With --dataset, the output is CSV or Parquet. Pass --format csv or --format parquet.")
    predict_dataset(names[0] if names else None, dataset, checkpoint=checkpoint, kind=kind, output=output)


def _predict_whole(
    named: str | None, file: str, checkpoint: str, output: str | None, *, kind: str, proba: bool
) -> None:
    """Send a file as it is and write the answer as it comes: the server reads and writes the format."""
    if kind == "jsonl":
        raise click.UsageError("Predictions of a Parquet file are CSV, JSON or Parquet. Pass --format json.")
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


def _in_file(error: InvalidSpec, file: str, names: list[str], before: int) -> Exception:
    """Return a refusal of rows as what is wrong in their file, of which so many rows were answered before."""
    lines = []
    for fault in error.errors:
        found = re.fullmatch(r"#/x/(\d+)(?:/(\d+))?", str(fault.get("pointer")))
        if found is None:
            return error
        row, column = found.groups()
        where = f", {names[int(column)]}" if column else ""
        lines.append(f"{file}, row {before + int(row) + 1}{where}: {sentence(fault)}")
    return InvalidTable("\n".join(lines)) if lines else error


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
