"""Predictions on a job's page: of one row from its form, of a picture, or of the rows of a CSV."""

import csv
import io
from typing import Any, BinaryIO

import orjson
from flask import Response, redirect, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Redirect

from api.pages import image_form, prediction_form
from api.pages.blueprint import bp
from api.pages.job import shown
from api.parts import api, caller
from services.errors import Fault, InvalidRequest
from services.predictions.target import Target

SHOWN_ROWS = 100
SHOWN_CLASSES = 20  #: the most likely


@bp.get("/jobs/<job_id>/predict")
def predict_tab(job_id: str) -> Redirect:
    """Go to the form, where somebody opens the address of its answer."""
    return redirect(url_for("pages.show_job", job_id=job_id, tab="predict"), 303)


@bp.post("/jobs/<job_id>/predict")
def predict(job_id: str) -> Response:
    """Predict the row of the form."""
    job = api().base.lookup.get(caller(), job_id)
    record = prediction_form.record_of(job, request.form)
    try:
        found = _answer(job.id, {"records": [record]})
    except InvalidRequest as error:
        return shown(job, "predict", 422, record=record, faults=error.faults)
    return shown(job, "predict", record=record, result=found, chances=_chances(found))


@bp.post("/jobs/<job_id>/predict/image")
def predict_image(job_id: str) -> Response:
    """Predict a PNG or JPEG file; without one, the picture that the form shows."""
    job = api().base.lookup.get(caller(), job_id)
    wanted = image_form.wanted_of(job)
    if wanted is None:
        raise InvalidRequest(
            [Fault("#/image", "invalid", "is not what this job takes: its rows are columns of a table")]
        )
    sent = request.files.get("image")
    try:
        pixels = image_form.pixels_of(job, wanted, _limited(sent) if sent and sent.filename else None)
        found = _answer(job.id, {"x": [image_form.row(pixels, wanted)]})
    except InvalidRequest as error:
        return shown(job, "predict", 422, faults=error.faults)
    return shown(job, "predict", pixels=pixels, result=found, chances=_chances(found))


@bp.post("/jobs/<job_id>/predict/rows")
def predict_rows(job_id: str) -> Response:
    """Predict the rows of a CSV that is pasted or uploaded; show the first, or give all as a CSV."""
    job = api().base.lookup.get(caller(), job_id)
    try:
        header, records = _records()
        found = _answer(job.id, {"records": records})
    except InvalidRequest as error:
        return shown(job, "predict", 422, faults=error.faults)
    classes = [str(name) for name in found.get("classes") or []] if found.get("probabilities") else []
    columns = ["prediction", *(f"p_{name}" for name in classes), *header]
    probabilities = found.get("probabilities") or [[] for _ in records]
    rows = [
        [answer, *chances, *(record[name] for name in header)]
        for answer, chances, record in zip(found["predictions"], probabilities, records, strict=True)
    ]
    if request.form.get("as") == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([columns, *rows])
        response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{job.id}-predictions.csv"'
        return response
    table = {"columns": columns, "rows": rows[:SHOWN_ROWS], "count": len(rows)}
    return shown(job, "predict", table=table, warnings=found["warnings"])


def _chances(found: dict[str, Any]) -> list[tuple[Any, float]]:
    """Return the classes of the first row with their probabilities, the likely ones first."""
    pairs = zip(found.get("classes") or [], (found.get("probabilities") or [[]])[0], strict=False)
    return sorted(pairs, key=lambda pair: -pair[1])[:SHOWN_CLASSES]


def _limited(file: FileStorage) -> BinaryIO:
    """Return a file that was sent.

    Raises: InvalidRequest when it is too large.
    """
    limit = api().base.settings.max_json_bytes
    sent = file.stream.read(limit + 1)
    if len(sent) > limit:
        raise InvalidRequest([Fault("#/image", "too_long", f"has more than {limit} bytes", hint="make it smaller")])
    return io.BytesIO(sent)


def _answer(job_id: str, rows: dict[str, Any]) -> dict[str, Any]:
    """Return what POST /api/v1/jobs/{id}/predict answers."""
    predictions = api().load_predictions()
    found, predictor = predictions.loaded(caller(), Target(job=job_id))
    answer: dict[str, Any] = orjson.loads(predictions.predict_json(found, predictor, orjson.dumps(rows)))
    return answer


def _records() -> tuple[list[str], list[dict[str, Any]]]:
    file = request.files.get("file")
    limit = api().base.settings.max_json_bytes
    sent = file.stream.read(limit + 1) if file and file.filename else request.form.get("csv", "").encode()
    if len(sent) > limit:
        raise InvalidRequest([Fault("#/csv", "too_long", f"has more than {limit} bytes", hint="send it in parts")])
    try:
        text = sent.decode("utf-8-sig")
    except UnicodeDecodeError:
        fault = Fault("#/csv", "invalid", "is not UTF-8 text", hint="save the table as CSV in UTF-8")
        raise InvalidRequest([fault]) from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        header = list(reader.fieldnames or [])
        records: list[dict[str, Any]] = [{name: row.get(name) or None for name in header} for row in reader]
    except csv.Error as error:
        detail = f"can't be read at line {reader.line_num}"
        raise InvalidRequest([Fault("#/csv", "invalid", detail, hint="save the table as CSV again")]) from error
    if not records:
        hint = "the first line names the columns, each further line is a row"
        raise InvalidRequest([Fault("#/csv", "missing", "has no rows", hint=hint)])
    return header, records
