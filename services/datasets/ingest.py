"""An uploaded file becomes a table: which format it is, and what reads it."""

import hashlib
import re
import zipfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from services.columns import TableInfo
from services.datasets.table_limits import TableLimits
from services.errors import Fault, InvalidRequest, TooLarge, UnsupportedMediaType
from services.specs.schema.file_options import FileOptions

BLOCK_BYTES = 1 << 20
FORMATS = ["csv", "parquet", "jsonl", "npz"]
#: First bytes of what is never opened: what it is, and what to do instead.
REFUSED = {
    b"\x80": ("a pickle", "write it as Parquet: df.to_parquet(path)"),
    b"\x93NUMPY": ("a NumPy array", "name the arrays in one file: np.savez(path, x=array, y=targets)"),
    b"\x89HDF": ("HDF5", "write it as Parquet: df.to_parquet(path)"),
    b"\x1f\x8b": ("gzip", "unpack it: gunzip"),
    b"BZh": ("bzip2", "unpack it: bunzip2"),
    b"\xfd7zXZ": ("xz", "unpack it: unxz"),
    b"(\xb5/\xfd": ("Zstandard", "unpack it: unzstd"),
    b"%PDF": ("a PDF", "send the table that it was made from"),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "save the sheet as CSV"),
}
AS_FOUND = FileOptions()
TARGET_NAMES = ("target", "label", "class", "y", "species", "outcome")


@dataclass(frozen=True)
class Ingested:
    """What was learnt of a file while its table was written."""

    format: str
    info: TableInfo
    dialect: dict[str, Any] | None


def identity(sha256: str, options: FileOptions) -> str:
    """Return under what a file is stored: its SHA-256, or another if it is read in a way of its own."""
    if options.is_default:
        return sha256
    return hashlib.sha256(f"{sha256}\0{options.model_dump_json(exclude_defaults=True)}".encode()).hexdigest()


def receive(stream: BinaryIO, path: Path, limit_bytes: int) -> tuple[str, int]:
    """Write a stream to a file as it comes in; return its SHA-256 and size.

    Raises: TooLarge as soon as the limit is passed.
    """
    digest, size = hashlib.sha256(), 0
    with open(path, "wb") as file:
        while block := stream.read(BLOCK_BYTES):
            size += len(block)
            if size > limit_bytes:
                raise TooLarge(f"A data set may have at most {limit_bytes} bytes.", limit_bytes=limit_bytes)
            digest.update(block)
            file.write(block)
    return digest.hexdigest(), size


def ingest(original: Path, table: Path, *, name: str, limits: TableLimits, options: FileOptions = AS_FOUND) -> Ingested:
    """Write the float32 table of an uploaded file and return its columns.

    Raises: InvalidRequest with what is wrong in the file, UnsupportedMediaType when it is of no format we read,
    TooLarge when it becomes too large.
    """
    # pyarrow takes its time to load and starts threads, so only an upload loads it.
    from services.datasets import csv_files, jsonl_files, npz_files, parquet_files
    from services.datasets.tabulation import tabulate

    kind = _format_of(original, name)
    # Signs, separators and types that a user names are read out of texts.
    typed = not (options.decimal or options.thousands or options.columns)
    dialect = None
    if kind == "csv":
        batches, dialect = csv_files.read(original, limits, options, typed=typed)
    elif kind == "parquet":
        batches = parquet_files.read(original, limits)
    elif kind == "jsonl":
        batches = jsonl_files.read(original, limits)
    else:
        batches = npz_files.read(original, limits)
    write = partial(tabulate, path=table, guess=kind == "csv", limits=limits, types=options.columns)
    try:
        try:
            info = write(batches)
        except csv_files.NotNumbers:
            batches, _ = csv_files.read(original, limits, options, typed=False)
            info = write(batches)
    except InvalidRequest as error:
        if dialect:
            raise InvalidRequest(csv_files.with_lines(error.faults, original, dialect)) from error
        if kind == "jsonl":
            raise InvalidRequest(jsonl_files.with_lines(error.faults, original)) from error
        raise
    if kind == "csv":  # so that a prediction reads a cell as the file does
        columns = [replace(column, written=options.of_column(column.name)) for column in info.columns]
        info = replace(info, columns=columns)
    return Ingested(kind, info, dialect)


def suggested_target(info: TableInfo) -> str:
    """Return the column that is probably to be learnt: one that is named so, else the last."""
    named = [name for name in info.names if name.lower() in TARGET_NAMES]
    return named[0] if named else info.names[-1]


def _format_of(path: Path, name: str) -> str:
    """Tell the format by the first bytes and the file's name, never by what the client calls it."""
    with open(path, "rb") as file:
        head = file.read(512)
    for magic, (what, instead) in REFUSED.items():
        if head.startswith(magic):
            raise UnsupportedMediaType(f"{name!r} is {what}, which is never opened; {instead}.", allowed=FORMATS)
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        hint = "the address it was downloaded from may have answered with an error or a login page"
        raise InvalidRequest([Fault("#/data", "unreadable", "is a web page, not a table", hint=hint)])
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK"):
        if zipfile.is_zipfile(path) and _all_arrays(path):
            return "npz"
        is_sheet = name.lower().endswith((".xlsx", ".xlsm", ".ods"))
        what, instead = ("a workbook", "save the sheet as CSV") if is_sheet else ("an archive", "unpack it")
        raise UnsupportedMediaType(f"{name!r} is {what}; only .npz is opened; {instead}.", allowed=FORMATS)
    if head.lstrip().startswith(b"["):
        hint = "write one object per line: df.to_json(path, orient='records', lines=True), or jq -c '.[]'"
        detail = "is a JSON array; JSON Lines is needed, one object per line"
        raise InvalidRequest([Fault("#/data", "json_array", detail, hint=hint)])
    if re.match(rb"(\xef\xbb\xbf)?sep=.\r?\n", head):
        hint = "leave the first line out, and upload with ?delimiter= if the delimiter is not found"
        detail = "begins with a line sep=, which only Excel reads"
        raise InvalidRequest([Fault("#/data", "sep_line", detail, hint=hint, location={"line": 1})])
    if head.lstrip().startswith(b"{") or name.lower().endswith((".jsonl", ".ndjson")):
        return "jsonl"
    return "csv"


def _all_arrays(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return all(entry.endswith(".npy") for entry in archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
