"""The costs of a job over HTTP: epochs, batches and the log."""

import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import orjson
from flask import Blueprint, Response
from pydantic import BaseModel, Field

from api import schemas, serializers
from api.parts import api, as_json, caller
from api.query_types import BY_COMMA
from api.requests import accepts, query
from api.view_descriptions import described
from services.errors import Fault, InvalidRequest, NotAcceptable
from services.jobs.epoch_columns import columns_of, is_measured
from services.jobs.job_views import EpochView

bp = Blueprint("costs", __name__, url_prefix="/api/v1/jobs/<job_id>")

JSON, CSV, NDJSON = "application/json", "text/csv", "application/x-ndjson"
TABLES = (JSON, CSV, NDJSON)


class MetricsQuery(BaseModel):
    """Which epochs and columns."""

    model_config = {"extra": "forbid"}

    after_epoch: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Only epochs after this one."""
    fields: Annotated[list[str], BY_COMMA] = []
    """Columns, separated by commas."""
    max_points: Annotated[int, Field(ge=2, lt=2**31)] | None = None
    """At most this many epochs: the best, the last, and every k-th of the others."""


class BatchesQuery(BaseModel):
    """Which epoch."""

    model_config = {"extra": "forbid"}

    epoch: Annotated[int, Field(ge=1, lt=2**31)]


class LogsQuery(BaseModel):
    """Which lines."""

    model_config = {"extra": "forbid"}

    tail: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Only this many of the last lines."""
    timestamps: bool = False


@bp.get("/metrics")
@described(query=MetricsQuery, answer=schemas.Metrics, media=TABLES, errors=(406,))
def metrics(job_id: str) -> Response:
    """Read the costs and metrics of a job's epochs, by columns; as JSON, CSV or NDJSON."""
    asked = query(MetricsQuery)
    job = api().base.jobs.lookup.get(caller(), job_id)
    epochs = api().base.jobs.lookup.epochs(
        caller(), job.id, after_epoch=asked.after_epoch, max_points=asked.max_points, until=job.training.epochs_done
    )
    columns = columns_of(job)
    if asked.fields:
        for name in asked.fields:
            if name not in columns:
                fault = Fault(
                    "#/query/fields", "unknown_value", f"{name[:80]!r} is not a column", allowed=list(columns)
                )
                raise InvalidRequest([fault])
        columns = ["epoch", *(name for name in columns if name in asked.fields and name != "epoch")]
    kind = accepts(*TABLES)
    rows = [row_of(epoch, columns, is_measured(job, epoch.epoch), csv=kind == CSV) for epoch in epochs]
    if kind != JSON:
        return table_of(kind, columns, rows)
    last = epochs[-1].epoch if epochs else asked.after_epoch
    found = schemas.Metrics(
        job=job.id,
        columns=columns,
        data=rows,
        units={"seconds": "s"},
        best=serializers.best(job),
        downsampled=len(epochs) < job.training.epochs_done - asked.after_epoch,
        next_after_epoch=last,
    )
    return as_json(found)


@bp.get("/batches")
@described(query=BatchesQuery, answer=schemas.Batches, media=TABLES, errors=(406, 409))
def batches(job_id: str) -> Response:
    """Read the cost of every batch of one epoch."""
    epoch = query(BatchesQuery).epoch
    job = api().base.jobs.lookup.get(caller(), job_id)
    costs = api().base.jobs.lookup.batch_costs(caller(), job.id, epoch)
    columns = ["batch", "cost"]
    rows: list[list[Any]] = [[n, cost] for n, cost in enumerate(costs, 1)]
    kind = accepts(*TABLES)
    if kind != JSON:
        return table_of(kind, columns, rows)
    return as_json(schemas.Batches(job=job.id, epoch=epoch, columns=columns, data=rows))


@bp.get("/logs")
@described(query=LogsQuery, media=("text/plain",))
def logs(job_id: str) -> Response:
    """Read a job's log: every batch's cost, every epoch, every event."""
    asked = query(LogsQuery)
    lines = api().base.jobs.logs.lines(caller(), job_id, timestamps=asked.timestamps)
    shown: Iterator[str] = iter(deque(lines, maxlen=asked.tail)) if asked.tail else lines
    return Response(_texts(shown), content_type="text/plain; charset=utf-8")


def _texts(lines: Iterator[str]) -> Iterator[str]:
    # A piece for each line would cost a round through the server for each.
    while piece := list(islice(lines, 1_000)):
        yield "\n".join(piece) + "\n"


def row_of(epoch: EpochView, columns: list[str], measured: bool, *, csv: bool) -> list[Any]:
    """Return an epoch's cells: NaN for what is not finite, null (in CSV nothing) for what was not measured."""
    known = {
        "epoch": epoch.epoch,
        "train_cost": epoch.train_cost,
        "val_cost": epoch.val_cost,
        "lr": epoch.lr,
        "seconds": epoch.seconds,
        "rows_per_second": epoch.rows_per_second,
        "checkpoint": epoch.best,
        **epoch.metrics,
    }
    missing = "" if csv else "NaN"
    late = {name for name in columns if not measured and name.startswith(("val_", "train_")) and name != "train_cost"}
    none = "" if csv else None
    return [(none if name in late else missing) if known.get(name) is None else known[name] for name in columns]


def table_of(kind: str | None, columns: list[str], rows: list[list[Any]]) -> Response:
    """Return rows as CSV or NDJSON.

    Raises: NotAcceptable.
    """
    if kind is None:
        raise NotAcceptable("JSON, CSV and NDJSON are available.", allowed=list(TABLES))
    if kind == NDJSON:
        lines = [orjson.dumps(dict(zip(columns, row, strict=True))) + b"\n" for row in rows]
        return Response(b"".join(lines), content_type=NDJSON)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return Response(text.getvalue(), content_type=f"{CSV}; charset=utf-8")
