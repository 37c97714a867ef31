"""A data set's rows become the cells that small predictions make of the same values."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.datasets import ingest
from services.datasets.table_limits import TableLimits
from services.errors import InvalidRequest
from services.jobs.resolution import resolve
from services.predictions.batch_run import PIECE_CELLS, PIECE_ROWS, BatchRun, block_rows, piece_rows
from services.predictions.decoder import cells_of_columns
from services.predictions.table_cells import TableCells
from services.settings import Settings
from services.specs.resolve.facts import Facts, ModelSizes
from services.specs.schema.file_options import FileOptions
from services.specs.schema.job import JobSpec
from services.training.build import build
from services.training.model_summary import summary
from services.training.predictor import Predictor
from tests.make import LIMITS

TRAINING = "\n".join(
    [
        "x0,x1,x2,x3,x4,y",
        *(f"{n % 5 + 0.5},{'abc'[n % 3]},2026-01-{n % 20 + 1:02},{n % 2 == 1},{n % 4},{n}" for n in range(80)),
    ]
)


def table(text: str, tmp_path: Path) -> tuple[Any, np.ndarray]:
    """Return the columns and cells that an upload of a CSV has."""
    source, target = tmp_path / "rows.csv", tmp_path / "table"
    source.write_text(text)
    found = ingest.ingest(source, target, name="rows.csv", limits=TableLimits.of(Settings()), options=FileOptions())
    cells = np.memmap(target, dtype="<f4", mode="r", shape=(found.info.rows, len(found.info.columns)))
    return found.info, cells


def trained(text: str, tmp_path: Path, **columns: Any) -> Predictor:
    """Return a model of the rows of a CSV whose target is y."""
    info, cells = table(text, tmp_path)
    data = {"dataset": "ds_sample", "target": "y", "columns": columns}
    given = JobSpec.model_validate({"model": "linear", "epochs": 1, "data": data})
    spec = resolve(given, Facts(info, LIMITS, ModelSizes(summary), dataset="ds_sample")).spec
    training = build(spec, info, np.array(cells), last=None, stop_requested=lambda: None)
    list(training.fit())
    return Predictor.from_bytes(training.last_bytes())


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    """A model of numbers, texts, dates, booleans and numbers that are categories."""
    return trained(TRAINING, tmp_path, x4={"type": "category"})


def test_every_type_of_column_gives_the_cells_of_the_same_values_sent_by_hand(
    predictor: Predictor, tmp_path: Path
) -> None:
    # Other orders, other codes, another first day, a category that training did not have, and columns more.
    rows = [("left out", 3, "true", f"2026-0{n % 3 + 2}-11", "cbaz"[n % 4], n / 7) for n in range(60)]
    text = "\n".join(["extra,x4,x3,x2,x1,x0", *(",".join(map(str, row)) for row in rows)])
    info, cells = table(text, tmp_path)

    found = TableCells.of(info, predictor.preprocessing)

    by_hand = {f"x{n}": [row[5 - n] for row in rows] for n in range(5)}
    wanted, warnings = cells_of_columns(by_hand, predictor.preprocessing)
    np.testing.assert_allclose(found(np.asarray(cells)), wanted, rtol=1e-6)
    assert [warning["code"] for warning in found.warnings] == ["unseen_category"]
    assert [w["columns"] for w in found.warnings] == [w["columns"] for w in warnings if w["code"] == "unseen_category"]


def test_missing_columns_and_values_are_refused_before_any_row_is_read(predictor: Predictor, tmp_path: Path) -> None:
    info, _ = table("x0,x1,X2,x3,x4\n1,a,2026-01-01,true,1\n,b,2026-01-02,false,2\n", tmp_path)

    with pytest.raises(InvalidRequest) as refused:
        TableCells.of(info, predictor.preprocessing)

    faults = {(fault.code, fault.suggestion) for fault in refused.value.faults}
    assert ("missing", "X2") in faults
    assert all(fault.pointer == "#/dataset" for fault in refused.value.faults)


def test_a_piece_is_the_same_however_many_blocks_it_takes(predictor: Predictor, tmp_path: Path) -> None:
    text = "\n".join(["x0,x1,x2,x3,x4", *(f"{n},a,2026-01-01,true,{n % 4}" for n in range(50))])
    info, cells = table(text, tmp_path)
    run = BatchRun(predictor, cells, TableCells.of(info, predictor.preprocessing), "csv", {}, lambda: None)

    whole = run.piece(0, 50)
    parts = run.piece(0, 20) + run.piece(20, 30)

    numbers = [[float(line) for line in text.decode().splitlines()[1:]] for text in (whole, parts)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-5)
    assert whole.splitlines()[0] == parts.splitlines()[0] == b"prediction"


def test_wide_models_and_answers_get_fewer_rows_at_a_time(predictor: Predictor) -> None:
    assert piece_rows(predictor.preprocessing) == min(PIECE_ROWS, PIECE_CELLS // 2)
    assert block_rows(predictor, 5) > block_rows(predictor, 1_000_000) >= 1


def test_a_value_of_no_use_among_values_that_are_known_is_refused_before(tmp_path: Path) -> None:
    predictor = trained(TRAINING, tmp_path, x1={"unseen": "error"})
    info, _ = table("x0,x1,x2,x3,x4\n1,z,2026-01-01,true,1\n2,b,2026-01-02,false,2\n", tmp_path)

    with pytest.raises(InvalidRequest, match="'z' was not among the values of 'x1'"):
        TableCells.of(info, predictor.preprocessing)
