"""Data sets over HTTP: upload, list, show, rows, download, delete."""

from typing import Annotated, BinaryIO, cast

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel, Field

from api import schemas, serializers
from api.checkpoints import NoQuery
from api.jobs import next_page
from api.parts import api, as_json, caller
from api.requests import body, query
from api.view_descriptions import described
from services.errors import Fault, InvalidRequest
from services.specs.schema.fields import STRICT
from services.specs.schema.file_options import FileOptions

bp = Blueprint("datasets", __name__, url_prefix="/api/v1/datasets")

MEDIA = ("text/csv", "application/vnd.apache.parquet", "application/x-ndjson", "application/octet-stream")
#: The ending that a nameless upload gets from what the client calls it.
ENDINGS = {"text/csv": "csv", "application/vnd.apache.parquet": "parquet", "application/x-ndjson": "jsonl"}


class UploadQuery(FileOptions):
    """What to call it, and how it is to be read."""

    name: Annotated[str, Field(max_length=120)] | None = None


class DatasetChange(BaseModel):
    """What can be changed in a data set."""

    model_config = STRICT

    name: Annotated[str, Field(min_length=1, max_length=120)]


class PageQuery(BaseModel):
    """Which page."""

    model_config = {"extra": "forbid"}

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    after: str | None = None
    """The cursor from `next` of the previous page."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Only the upload with these bytes, if there is one: a client that finds it need not send them."""


class RowsQuery(BaseModel):
    """Which rows."""

    model_config = {"extra": "forbid"}

    limit: Annotated[int, Field(ge=1, le=1_000)] = 20
    after: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Skip this many rows first."""


@bp.post("")
@described(
    query=UploadQuery,
    answer=schemas.Dataset,
    status=(201, 200),
    upload=MEDIA,
    parts={"file": "The file."},
    errors=(408, 413, 415, 507),
)
def upload() -> Response:
    """Upload a data set: CSV, Parquet, JSON Lines or NPZ. 200: the same bytes exist already."""
    asked = query(UploadQuery)
    options = FileOptions.model_validate(asked.model_dump(exclude={"name"}))
    request.max_content_length = api().base.settings.max_upload_bytes
    if request.mimetype == "multipart/form-data":
        part = request.files.get("file")
        if part is None:
            raise InvalidRequest([Fault("#/file", "missing", "the part `file` is missing")])
        stream, name = part.stream, asked.name or part.filename or "upload"
    else:
        stream, name = request.stream, asked.name or f"upload.{ENDINGS.get(request.mimetype, 'csv')}"
    dataset, created = api().base.datasets.upload(cast(BinaryIO, stream), name=name, owner=caller(), options=options)
    response = as_json(serializers.dataset(dataset), 201 if created else 200)
    response.headers["Location"] = f"/api/v1/datasets/{dataset.id}"
    return response


@bp.get("")
@described(query=PageQuery, answer=schemas.List[schemas.DatasetBrief])
def index() -> Response:
    """List uploaded data sets, newest first."""
    asked = query(PageQuery)
    found, cursor = api().base.datasets.listing(caller(), limit=asked.limit, after=asked.after, sha256=asked.sha256)
    page = schemas.List[schemas.DatasetBrief](
        url=request.full_path.rstrip("?"),
        data=[serializers.dataset_brief(view) for view in found],
        has_more=cursor is not None,
        next=next_page(cursor),
    )
    return as_json(page)


@bp.get("/<dataset_id>")
@described(query=NoQuery, answer=schemas.Dataset)
def show(dataset_id: str) -> Response:
    """Read a data set by its id or name."""
    query(NoQuery)
    return as_json(serializers.dataset(api().base.datasets.find(caller(), dataset_id)))


@bp.get("/<dataset_id>/rows")
@described(query=RowsQuery, answer=schemas.Rows)
def rows(dataset_id: str) -> Response:
    """Read some rows of a data set."""
    asked = query(RowsQuery)
    dataset = api().base.datasets.find(caller(), dataset_id)
    found = api().base.datasets.rows(caller(), dataset.id, limit=asked.limit, after=asked.after)
    return as_json(schemas.Rows(columns=dataset.info.names, data=found, rows=dataset.info.rows))


@bp.get("/<dataset_id>/content")
@described(query=NoQuery, status=(200, 206), media=("application/octet-stream",))
def content(dataset_id: str) -> Response:
    """Download a data set as it was uploaded."""
    query(NoQuery)
    dataset, path = api().base.datasets.content(caller(), dataset_id)
    return send_file(path, "application/octet-stream", as_attachment=True, download_name=dataset.name)


@bp.patch("/<dataset_id>")
@described(query=NoQuery, body=DatasetChange, answer=schemas.Dataset, errors=(408, 413, 415))
def change(dataset_id: str) -> Response:
    """Give an uploaded data set another name."""
    query(NoQuery)
    renamed = api().base.datasets.rename(caller(), dataset_id, body(DatasetChange).name)
    return as_json(serializers.dataset(renamed))


@bp.delete("/<dataset_id>")
@described(query=NoQuery, status=(204,), errors=(409,))
def remove(dataset_id: str) -> Response:
    """Delete a data set that no job uses."""
    query(NoQuery)
    api().base.datasets.delete(caller(), dataset_id)
    return Response(status=204)
