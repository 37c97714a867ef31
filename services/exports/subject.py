"""What an export is made from: a job, one of its checkpoints, and where its rows are."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from services.columns import TableInfo
from services.datasets.storage import info_from_json, info_json
from services.specs.schema.job import JobSpec
from services.training.predictor import Predictor

CONTENT, ABOUT = "checkpoint.safetensors", "subject.json"


@dataclass(frozen=True)
class Rows:
    """The rows that a job was trained on."""

    dataset: str  #: its name
    sha256: str
    format: str
    dialect: dict[str, Any] | None  #: of a CSV: delimiter and header
    columns: dict[str, Any]  #: as `info_json` gives them
    table: str | None  #: the float32 file; None for the items of a plug-in

    @property
    def info(self) -> TableInfo:
        """The columns and how many rows there are."""
        return info_from_json(self.columns)


@dataclass(frozen=True)
class Subject:
    """All that an export may say of a model; nothing of it is looked up later."""

    job: str
    name: str
    done: bool
    spec: dict[str, Any]
    checkpoint: dict[str, Any]  #: id, epoch, step and metrics
    rows: Rows
    epochs: list[dict[str, Any]]  #: of a finished job all, else those up to the checkpoint's
    environment: dict[str, Any]
    adjustments: list[Any]
    stop_reason: str | None
    trained_at: str
    test: dict[str, Any] | None
    baseline: dict[str, Any] | None
    content: bytes = field(repr=False, default=b"")  #: of the checkpoint

    @property
    def job_spec(self) -> JobSpec:
        """The resolved spec."""
        return JobSpec.model_validate(self.spec)

    def predictor(self) -> Predictor:
        """Return the model.

        Raises: CheckpointCorrupt.
        """
        return Predictor.from_bytes(self.content)

    def write(self, folder: Path) -> None:
        """Write all of it down, for a process that reads nothing else."""
        (folder / CONTENT).write_bytes(self.content)
        about = {name: value for name, value in asdict(self).items() if name != "content"}
        (folder / ABOUT).write_text(json.dumps(about))

    @classmethod
    def read(cls, folder: Path) -> "Subject":
        """Return what `write` wrote."""
        about = json.loads((folder / ABOUT).read_text())
        return cls(**{**about, "rows": Rows(**about["rows"])}, content=(folder / CONTENT).read_bytes())


def rows_of(info: TableInfo, **named: Any) -> Rows:
    """Return the rows of a table of these columns."""
    return Rows(columns=info_json(info), **named)
