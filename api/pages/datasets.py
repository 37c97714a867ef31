"""The data sets, and what is known of the columns of one."""

from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as Redirect

from api import serializers
from api.lending import lender
from api.pages import histograms, notices
from api.pages.blueprint import bp, page
from api.parts import api, caller
from services.accounts.shares import Kind
from services.jobs.listing import Filters

PAGE = 50
PREVIEW_ROWS = 20
COUNTED_ROWS, COUNTED_COLUMNS = 2_000, 60  #: of which histograms are drawn
USED_BY = 20  #: newest jobs of a data set that are named
BARS = 12  #: categories that are shown


@bp.get("/datasets")
def datasets() -> Response:
    """List the uploads."""
    found, cursor = api().base.datasets.listing(caller(), limit=PAGE, after=request.args.get("after"))
    limit = api().base.settings.max_upload_bytes
    return page(
        "datasets.html",
        datasets=found,
        next=cursor,
        uses=api().base.jobs.listing.uses(caller(), [one.id for one in found]),
        lent=api().shares.lent_to(caller(), Kind.DATASET),
        max_upload_bytes=limit,
    )


@bp.get("/datasets/<dataset_id>")
def dataset(dataset_id: str) -> Response:
    """Show a data set: its columns, what speaks against their types, and its first rows."""
    base = api().base
    found = base.datasets.find(caller(), dataset_id)
    shown = serializers.dataset(found)
    rows = base.datasets.rows(caller(), found.id, limit=COUNTED_ROWS) if found.source != "plugin" else []
    columns = [_column(column, found.info.rows) for column in shown.columns]
    for n, column in enumerate(columns[:COUNTED_COLUMNS]):
        column["bars"] = histograms.bars([row[n] for row in rows]) if column["type"] == "number" else []
    # What its owner trains on it is not shared with it.
    jobs = None if lender() else base.jobs.listing.page(caller(), Filters(dataset_id=found.id), limit=USED_BY)
    return page(
        "dataset.html",
        dataset=found,
        columns=columns,
        rows=rows[:PREVIEW_ROWS],
        counted=len(rows),
        jobs=jobs.items if jobs else None,
        more_jobs=bool(jobs and jobs.next),
        readers=api().shares.readers(caller(), Kind.DATASET, found.id),
    )


@bp.post("/datasets/<dataset_id>/delete")
def delete_dataset(dataset_id: str) -> Redirect:
    """Delete a data set that no job uses."""
    name = api().base.datasets.find(caller(), dataset_id).name
    api().base.datasets.delete(caller(), dataset_id)
    return notices.go(url_for("pages.datasets"), f"{name} is deleted.")


@bp.post("/datasets/<dataset_id>/rename")
def rename_dataset(dataset_id: str) -> Redirect:
    """Give a data set another name."""
    renamed = api().base.datasets.rename(caller(), dataset_id, request.form.get("name", "").strip())
    return notices.go(url_for("pages.dataset", dataset_id=renamed.id), "Saved.")


def _column(column: dict[str, Any], rows: int) -> dict[str, Any]:
    categories: dict[str, int | None] = column.get("categories") or {}
    ordered = sorted(categories.items(), key=lambda pair: -(pair[1] or 0))
    largest = max((count or 0 for count in categories.values()), default=0)
    return column | {"top": ordered[:BARS], "others": max(0, len(ordered) - BARS), "largest": largest, "rows": rows}
