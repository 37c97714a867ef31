"""Proof over HTTP: a job trained again and compared, an answer predicted again and compared."""

from typing import Any

from flask import Blueprint, Response

from api.checkpoints import NoQuery
from api.endings import WAIT_FOR_END, applied, when_done_if_preferred
from api.parts import api, as_json, caller
from api.requests import body, query, request_key
from api.schemas import Answer
from api.view_descriptions import described
from services.jobs.verification import Verification
from services.predictions.replay import Replay, replay

bp = Blueprint("proofs", __name__, url_prefix="/api/v1")


class JobVerification(Answer):
    """Whether a job that is trained again comes to the same, to the bit."""

    object: str = "job.verification"
    job: str
    repeat: str
    """The job that repeats it."""
    status: str
    """Of the repeat."""
    done: bool
    equal: bool | None
    """Every cost of every batch and epoch, every metric, and the best weights; null until the repeat is done."""
    epochs_compared: int
    """Epochs that are equal, from the first on."""
    first_difference: dict[str, Any] | None
    """`epoch`, `value` (and `batch`) that differ first, as `job` and `repeat` have them."""
    environment: dict[str, list[Any]]
    """What the two ran under, where that differs: a possible reason."""
    urls: dict[str, str]


class PredictionReplay(Answer):
    """Whether the weights that an answer names give its numbers again."""

    object: str = "prediction.replay"
    same: bool
    """The same weights, and every number the same to the bit."""
    job: str
    checkpoint: str
    weights_sha256: str
    """Of the checkpoint as it is stored now."""
    weights_same: bool
    rows: int
    differing_rows: int
    differences: list[dict[str, Any]]
    """The first of them: `row`, `output`, `answered` and `now`."""


@bp.post("/jobs/<job_id>/verify")
@described(
    query=NoQuery,
    answer=JobVerification,
    status=(202, 200),
    errors=(409, 507),
    headers={**WAIT_FOR_END, "Idempotency-Key": "The same key brings the same repeat, for a day."},
)
def verify(job_id: str) -> Response:
    """Train a job again from its spec; `GET` says whether the result is the same. 200: done within `Prefer: wait`."""
    query(NoQuery)
    found = api().verification.start(caller(), job_id, key=request_key(f"verify {job_id}".encode()))
    repeat, waited_s = when_done_if_preferred(found.repeat)
    if repeat.done:
        found = api().verification.latest(caller(), found.job.id)
    response = as_json(_answer(found), 200 if found.repeat.done else 202)
    response.headers["Location"] = f"/api/v1/jobs/{found.job.id}/verify"
    return applied(response, waited_s)


@bp.get("/jobs/<job_id>/verify")
@described(query=NoQuery, answer=JobVerification)
def verification(job_id: str) -> Response:
    """Read what came of a job's newest repeat: equal to the bit, or where the two first differ."""
    query(NoQuery)
    return as_json(_answer(api().verification.latest(caller(), job_id)))


@bp.post("/predictions/replay")
@described(query=NoQuery, body=Replay, answer=PredictionReplay, errors=(404, 409, 413, 415))
def replay_prediction() -> Response:
    """Predict rows again with the checkpoint that an answer names, and say whether every number is the same."""
    query(NoQuery)
    found = replay(api().load_predictions(), caller(), body(Replay))
    return as_json(
        PredictionReplay(
            same=found.same,
            job=found.job_id,
            checkpoint=found.checkpoint_id,
            weights_sha256=found.weights_sha256,
            weights_same=found.weights_same,
            rows=found.rows,
            differing_rows=found.differing_rows,
            differences=found.differences,
        )
    )


def _answer(found: Verification) -> JobVerification:
    jobs = "/api/v1/jobs"
    return JobVerification(
        job=found.job.id,
        repeat=found.repeat.id,
        status=found.repeat.status,
        done=found.repeat.done,
        equal=found.equal,
        epochs_compared=found.epochs_compared,
        first_difference=found.first_difference,
        environment=found.environment,
        urls={
            "self": f"{jobs}/{found.job.id}/verify",
            "job": f"{jobs}/{found.job.id}",
            "repeat": f"{jobs}/{found.repeat.id}",
        },
    )
