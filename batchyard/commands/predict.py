"""`predict`: a CSV in, a CSV out whose first column is `prediction`; rows go through as they come."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.errors import InvalidTable, NotFound
from batchyard.tables import missing_text

PIECE = 1_000


@click.command()
@click.argument("names", metavar="[JOB] [FILE]", nargs=-1)
@click.option("--dataset", metavar="DATASET", help="Predict every row of a data set on the server instead of a FILE.")
@click.option("--format", "kind", type=click.Choice(["csv", "parquet"]), default="csv", help="With --dataset.")
@click.option("--checkpoint", default="best", help="best, last, epoch:N or an id.")
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@click.option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output.")
@global_options
def predict(
    names: tuple[str, ...], dataset: str | None, kind: str, checkpoint: str, proba: bool, output: str | None
) -> None:
    """Predict the rows of FILE (a CSV with a header; - is standard input), or of a data set on the server."""
    if dataset is not None:
        from batchyard.commands.predictions import predict_dataset

        if len(names) > 1:
            raise click.UsageError("--dataset replaces FILE: batchyard predict JOB --dataset ds_…")
        predict_dataset(names[0] if names else None, dataset, checkpoint=checkpoint, kind=kind, output=output)
        return
    if not 1 <= len(names) <= 2:
        raise click.UsageError("predict takes a job and a file: batchyard predict JOB rows.csv")
    with session.client() as by, _rows(names[-1]) as (header, rows):
        job = session.job(by, names[0] if len(names) == 2 else None)
        features = job.spec.get("data", {}).get("features") or header
        missing = [name for name in features if name not in header]
        if missing:
            raise InvalidTable(f"{names[-1]}: {missing_text(missing, header)}")
        extra = [name for name in header if name not in features]
        if extra:
            session.say(f"! left out, the model was not trained on them: {', '.join(extra[:20])}")
        places = [header.index(name) for name in features]
        with _sink(output) as sink:
            writer = csv.writer(sink, lineterminator="\n")
            told = False
            while piece := list(islice(rows, PIECE)):
                body = {"x": [[_cell(row[n]) for n in places] for row in piece]}
                try:
                    found = job.predicted(body, checkpoint=checkpoint)
                except NotFound:
                    job.refresh()
                    raise
                if not told:
                    told = True
                    weights = found.checkpoint
                    session.say(f"from {job.name}, checkpoint {checkpoint} (epoch {weights.get('epoch')})")
                    for warning in found.warnings:
                        session.say(f"! {warning}")
                    if not session.wants_json():
                        writer.writerow(_header(found, proba))
                for n, value in enumerate(found.predictions):
                    shares = found.probabilities[n] if proba and found.probabilities else []
                    if session.wants_json():
                        line = {"prediction": value, **({"probabilities": shares} if shares else {})}
                        sink.write(json.dumps(line) + "\n")
                    else:
                        writer.writerow([*(value if isinstance(value, list) else [value]), *shares])
                sink.flush()
        if not told:
            raise InvalidTable(f"{names[-1]} has no rows below its header. Add at least one.")


def _header(found: Any, proba: bool) -> list[str]:
    first = found.predictions[0]
    names = [f"prediction{n}" for n in range(len(first))] if isinstance(first, list) else ["prediction"]
    return names + [f"p_{label}" for label in found.classes or []] if proba else names


def _cell(text: str) -> str | None:
    return text if text.strip() else None


@contextmanager
def _rows(named: str) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """Open a CSV; yield its header and its rows.

    Raises: InvalidTable naming the line that is no row of it.
    """
    if named != "-" and Path(named).is_dir():
        raise InvalidTable(f"{named} is a folder. Name one CSV in it.")
    try:
        file = sys.stdin if named == "-" else open(named, newline="", encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidTable(f"There is no file {named}. It must be a CSV with the model's columns.") from None
    with file:
        yield _read(file, named)


def _read(file: IO[str], named: str) -> tuple[list[str], Iterator[list[str]]]:
    try:
        first = file.readline()
        if not first.strip():
            raise InvalidTable(f"{named} is empty. It needs a line of column names and one line per row.")
        if "\0" in first:
            raise InvalidTable(f"{named} is not CSV. Save it as CSV (UTF-8) with a header.")
        delimiter = max(",;\t|", key=first.count)
        header = next(csv.reader([first], delimiter=delimiter))
    except UnicodeDecodeError:
        raise InvalidTable(f"{named} is not CSV in UTF-8. Save it as CSV (UTF-8) with a header.") from None
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise InvalidTable(f"{named}: columns have the same name: {', '.join(doubled)}. Rename all but one.")

    def rows() -> Iterator[list[str]]:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                if row and len(row) != len(header):
                    raise InvalidTable(
                        f"{named} line {reader.line_num + 1} has {len(row)} cells, the header {len(header)}."
                    )
                if row:
                    yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise InvalidTable(f"{named} line {reader.line_num + 1} can't be read as CSV: {error}.") from error

    return header, rows()


@contextmanager
def _sink(output: str | None) -> Iterator[IO[str]]:
    """Open where results go; a file is there only when it is whole."""
    if output is None:
        yield sys.stdout
        return
    target = Path(output)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(draft, "w", newline="") as file:
            yield file
        draft.replace(target)
        session.say(f"✓ {output}")
    finally:
        draft.unlink(missing_ok=True)
