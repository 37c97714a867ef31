"""Predictions over HTTP: rows in, answers out, by a job or by a registered model."""

from typing import Annotated, Literal

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from api import models, prediction_schemas
from api.lending import asker
from api.parts import api, caller
from api.requests import accepts, query, raw_body
from api.view_descriptions import described
from services.errors import NotAcceptable
from services.predictions.formats.media import TABLES, Media
from services.predictions.target import Target
from services.predictions.wanted import Wanted
from services.specs.schema.predict import Predict

bp = Blueprint("predictions", __name__, url_prefix="/api/v1")

Output = Literal["all", "predictions", "probabilities", "deviations"]


class PredictQuery(BaseModel):
    """What to answer with."""

    model_config = {"extra": "forbid"}

    output: Output = "all"
    """Which of the numbers to return."""
    diagnostics: bool = False
    """Report which values in which rows are missing, new to the model, or outside the range it was trained on."""


class JobPredictQuery(PredictQuery):
    """With what to predict, and what to answer with."""

    checkpoint: Annotated[str, Field(max_length=64)] = "best"
    """best, last, epoch:N or an id."""


DESCRIBED = {
    "body": Predict,
    "upload": tuple(str(media) for media in TABLES),
    "answer": prediction_schemas.Prediction,
    "media": tuple(str(media) for media in Media),
    "errors": (406, 408, 409, 413, 415),
}
NAME_AND_ALIAS = {"type": "string", "pattern": r"^[A-Za-z0-9._-]{1,64}(@[A-Za-z0-9._-]{1,64})?$"}


@bp.post("/jobs/<job_id>/predict")
@described(query=JobPredictQuery, **DESCRIBED)
def by_job(job_id: str) -> Response:
    """Predict rows with a job's stored weights; while it trains, with its best so far."""
    asked = query(JobPredictQuery)
    return _predicted(Target(job=job_id, checkpoint=asked.checkpoint), asked)


@bp.post("/models/<name>/predict")
@described(query=PredictQuery, path={"name": NAME_AND_ALIAS}, **DESCRIBED)
def by_model(name: str) -> Response:
    """Predict rows with a model's newest version, or with the one an alias points to: `name@alias`."""
    name, _, alias = name.partition("@")
    return _predicted(Target(model=name, alias=alias or None), query(PredictQuery))


@bp.post("/models/<name>/versions/<version>/predict")
@described(query=PredictQuery, **DESCRIBED)
def by_version(name: str, version: str) -> Response:
    """Predict rows with one version of a model."""
    return _predicted(Target(model=name, version=models.number_of(version)), query(PredictQuery))


def _predicted(target: Target, asked: PredictQuery) -> Response:
    predictions = api().load_predictions()
    kind, body = raw_body(*Media)
    given = Media(kind)
    accepted = accepts(given, *(media for media in Media if media is not given))
    if accepted is None:
        raise NotAcceptable("None of the accepted media types is available.", allowed=list(Media))
    found, predictor = predictions.loaded(caller(), target)
    wanted = Wanted(Media(accepted), asked.output, asked.diagnostics, asker())
    made, about = predictions.predict(found, predictor, body, given, wanted)
    response = Response(made, content_type="text/csv; charset=utf-8" if accepted == Media.CSV else accepted)
    response.headers.update(about)
    return response
