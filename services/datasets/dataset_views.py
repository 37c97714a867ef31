"""What the room shows of a data set."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services import ids
from services.columns import TableInfo
from services.dataset_errors import DatasetDamaged
from services.datasets.data_warnings import warnings_of
from services.datasets.storage import info_from_json


@dataclass(frozen=True)
class DatasetView:
    """One table of rows and what is known of it."""

    id: str
    owner: str
    name: str
    source: str  #: upload, inline, builtin or plugin
    format: str
    size_bytes: int
    sha256: str
    info: TableInfo
    dialect: dict[str, Any] | None
    suggested_target: str | None
    warnings: list[dict[str, Any]]
    created_at: datetime | None  #: None until it is stored


@dataclass(frozen=True)
class Entry:
    """Whose a data set is, what it is called and where it comes from."""

    owner: str
    name: str
    source: str  #: upload, inline, builtin or plugin


def view_of(kept: dict[str, Any], entry: Entry, *, size_bytes: int, sha256: str) -> DatasetView:
    """Return the data set of what was kept beside its table; it has no row yet."""
    info = info_from_json(kept["info"])
    return DatasetView(
        id=ids.new("ds"),
        **vars(entry),
        format=kept["format"],
        size_bytes=size_bytes,
        sha256=sha256,
        info=info,
        dialect=kept["dialect"],
        suggested_target=kept["suggested_target"],
        warnings=warnings_of(info, kept["dialect"]),
        created_at=None,
    )


def damaged(dataset: DatasetView, detail: str) -> DatasetDamaged:
    """Return the error that says how the files of a data set are mended."""
    hint = {
        "upload": "Upload the same file again: it is stored under the same id.",
        "inline": "Submit a job with the same rows: they are then stored again.",
    }.get(dataset.source, "Submit a job with it: it is then stored again.")
    return DatasetDamaged(detail, dataset=dataset.id, hint=hint)
