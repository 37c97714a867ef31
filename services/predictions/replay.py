"""An answer is checked against the model that it names: the same weights, and the same numbers to the bit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.errors import Fault, InvalidRequest
from services.predictions.decoder import cells_of
from services.predictions.outputs import outputs_of
from services.predictions.row_limit import check_rows
from services.predictions.target import Target
from services.specs.schema.key_groups import given, rules
from services.specs.schema.predict import Predict

if TYPE_CHECKING:
    from services.predictions.predictions import PredictionService

SHOWN = 20  #: rows that differ are described up to here; beyond, they are counted
KINDS = ("predictions", "probabilities", "deviations")


class Checkpoint(BaseModel):
    """Which checkpoint answered, as an answer names it."""

    model_config = {"extra": "ignore"}

    id: Annotated[str, Field(max_length=64)]


class Receipt(BaseModel):
    """An answer to a prediction, as it came; members that are not needed are ignored."""

    model_config = ConfigDict(extra="ignore", json_schema_extra=rules({"anyOf": [given(kind) for kind in KINDS]}))

    job: Annotated[str, Field(max_length=120)]
    checkpoint: Checkpoint
    weights_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    predictions: list[Any] | None = None
    probabilities: list[list[float]] | None = None
    deviations: list[Any] | None = None


class Replay(BaseModel):
    """An answer, and the rows that it answered."""

    model_config = {"extra": "forbid"}

    answer: Receipt
    rows: Predict


@dataclass(frozen=True)
class Replayed:
    """What came of it."""

    job_id: str
    checkpoint_id: str
    weights_sha256: str  #: of the checkpoint as it is stored now
    weights_same: bool
    rows: int
    differing_rows: int
    differences: list[dict[str, Any]]

    @property
    def same(self) -> bool:
        """Whether the same weights give the same numbers."""
        return self.weights_same and not self.differing_rows


def replay(predictions: "PredictionService", owner: str, asked: Replay) -> Replayed:
    """Predict the rows again with the checkpoint that the answer names, and compare.

    Raises: NotFound when the checkpoint is not kept any more; NoCheckpoint; CheckpointCorrupt; InvalidRequest when the
    rows are of no use, or the answer has nothing to compare or is to another number of rows; TooLarge.
    """
    given = asked.answer
    said = {kind: value for kind in KINDS if (value := getattr(given, kind)) is not None}
    if not said:
        raise InvalidRequest([Fault("#/answer", "missing", f"has none of {', '.join(KINDS)} to compare with")])
    check_rows(asked.rows.rows, predictions.most_rows(owner))
    for kind, values in said.items():
        if len(values) != asked.rows.rows:
            detail = f"has {len(values)} rows, but `rows` has {asked.rows.rows}"
            raise InvalidRequest([Fault(f"#/answer/{kind}", "shape_mismatch", detail)])
    found, predictor = predictions.loaded(owner, Target(job=given.job, checkpoint=given.checkpoint.id))
    cells, _ = cells_of(asked.rows, predictor.preprocessing)
    now = outputs_of(predictor, cells).as_json()
    differing: dict[int, list[dict[str, Any]]] = {}
    for kind, values in said.items():
        again = now.get(kind) or [None] * len(values)
        for row, (before, after) in enumerate(zip(values, again, strict=True)):
            if before != after:
                differing.setdefault(row, []).append({"row": row, "output": kind, "answered": before, "now": after})
    return Replayed(
        job_id=found.job_id,
        checkpoint_id=found.chosen.id,
        weights_sha256=predictor.weights_sha256,
        weights_same=predictor.weights_sha256 == given.weights_sha256,
        rows=asked.rows.rows,
        differing_rows=len(differing),
        differences=[entry for row in sorted(differing) for entry in differing[row]][:SHOWN],
    )
