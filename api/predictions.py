"""Predictions over HTTP: rows in, answers out."""

from typing import Annotated

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from api import schemas
from api.parts import OWNER, api, as_json
from api.requests import body, query
from api.view_descriptions import described
from services.specs.schema.predict import Predict

bp = Blueprint("predictions", __name__, url_prefix="/api/v1/jobs/<job_id>")


class PredictQuery(BaseModel):
    """With what to predict."""

    model_config = {"extra": "forbid"}

    checkpoint: Annotated[str, Field(max_length=64)] = "best"
    """best, last, epoch:N or an id."""


@bp.post("/predict")
@described(body=Predict, query=PredictQuery, answer=schemas.Prediction, errors=(409, 413, 415))
def predict(job_id: str) -> Response:
    """Predict rows with a job's stored weights; while it trains, with its best so far."""
    selector = query(PredictQuery).checkpoint
    rows = body(Predict)
    found = api().load_predictions().predict(OWNER, job_id, rows, checkpoint=selector)
    chosen = found.checkpoint
    metric = found.job.spec["monitor"]["metric"]
    answer = schemas.Prediction(
        job=found.job.id,
        job_status=found.job.status,
        checkpoint={
            "id": chosen.id,
            "selector": found.selector,
            "epoch": chosen.epoch,
            "metric": metric,
            "value": chosen.metrics.get(metric),
        },
        task=found.task,
        classes=found.classes,
        predictions=found.predictions,
        probabilities=found.probabilities,
        warnings=[schemas.Warning(**warning) for warning in found.warnings],
    )
    return as_json(answer)
