"""Pausing and resuming over HTTP, on both databases."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.attempts.crash import Crash
from services.failures import CLASSES
from services.jobs.listing import Filters
from services.queue.claims import Claim
from services.wiring.base import Base
from tests.make import make_job, train


def claimed(joined: Base) -> Claim:
    """Claim the next job, as a worker would."""
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    return claim


def brought_to(status: str, joined: Base) -> str:
    """Return the id of a job that shows this status."""
    job = make_job(joined)
    if status == "succeeded":
        train(joined, job.id)
    elif status == "cancelled":
        joined.jobs.commands.cancel("local", job.id)
    elif status != "queued":
        claim = claimed(joined)
        if status in {"pausing", "paused"}:
            joined.jobs.commands.pause("local", job.id)
        if status == "paused":
            joined.attempts.lifecycle.stopped(claim)
        if status == "cancelling":
            joined.jobs.commands.cancel("local", job.id)
        if status == "failed":
            joined.attempts.lifecycle.crashed(claim, Crash("data_unreadable", "The file is gone."), final=True)
    assert joined.jobs.lookup.get("local", job.id).status == status
    return job.id


def test_a_running_job_shows_pausing_until_its_trainer_is_gone_and_resumes_into_the_queue(
    client: FlaskClient, joined: Base
) -> None:
    job = make_job(joined)
    claim = claimed(joined)

    first, again = (client.post(f"/api/v1/jobs/{job.id}/pause") for _ in range(2))
    requests = joined.attempts.lifecycle.beat(claim, None)
    joined.attempts.lifecycle.stopped(claim)
    paused = client.post(f"/api/v1/jobs/{job.id}/pause")
    resumed = client.post(f"/api/v1/jobs/{job.id}/resume")

    assert [(a.status_code, a.get_json()["status"]) for a in (first, again)] == [(202, "pausing")] * 2
    assert requests is not None
    assert requests.pause
    assert (paused.status_code, paused.get_json()["status"]) == (200, "paused")
    assert (resumed.status_code, resumed.get_json()["status"]) == (202, "queued")
    assert resumed.get_json()["resume_from"] == {"epoch": 0, "step": 0}
    assert [event.type for event in joined.jobs.lookup.events("local", job.id)] == [
        "queued",
        "started",
        "pausing",
        "paused",
        "resumed",
    ]
    assert train(joined, job.id).status == "succeeded"


def test_a_paused_job_keeps_no_slot_and_pauses_do_not_count_as_tries(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined)
    for _ in range(5):
        claim = claimed(joined)
        client.post(f"/api/v1/jobs/{job.id}/pause")
        joined.attempts.lifecycle.stopped(claim)
        assert joined.queue.claims.claim("cpu", "w") is None
        client.post(f"/api/v1/jobs/{job.id}/resume")
    joined.attempts.lifecycle.crashed(claimed(joined), Crash("crashed", "The trainer was killed by SIGSEGV."))

    assert joined.jobs.lookup.get("local", job.id).status == "queued"


@pytest.mark.parametrize("end", ["crashed", "silent", "drained"])
def test_a_pausing_job_whose_trainer_dies_is_paused_and_can_go_on(joined: Base, end: str) -> None:
    job = make_job(joined)
    claim = claimed(joined)
    joined.jobs.commands.pause("local", job.id)
    ends: dict[str, Any] = {
        "crashed": lambda: joined.attempts.lifecycle.crashed(
            claim, Crash("crashed", "The trainer was killed by SIGSEGV.")
        ),
        "silent": lambda: joined.attempts.lifecycle.silent(job.id, claim.attempt, 1),
        "drained": lambda: joined.attempts.lifecycle.drained(claim),
    }

    ends[end]()

    assert joined.jobs.lookup.get("local", job.id).status == "paused"
    joined.jobs.commands.resume("local", job.id)
    assert train(joined, job.id).status == "succeeded"


def test_a_cancel_overrides_a_pause(joined: Base) -> None:
    job = make_job(joined)
    claim = claimed(joined)
    joined.jobs.commands.pause("local", job.id)
    joined.jobs.commands.cancel("local", job.id)
    both = joined.jobs.lookup.get("local", job.id).status
    pausing = joined.jobs.listing.page("local", Filters(statuses=["pausing"])).items

    joined.attempts.lifecycle.stopped(claim)

    assert (both, pausing) == ("cancelling", [])
    assert joined.jobs.lookup.get("local", job.id).status == "cancelled"


@pytest.mark.parametrize(
    ("status", "action", "allowed"),
    [
        ("queued", "pause", ["cancel"]),
        ("queued", "resume", ["cancel"]),
        ("running", "resume", ["pause", "cancel"]),
        ("running", "delete", ["pause", "cancel"]),
        ("pausing", "resume", ["cancel"]),
        ("pausing", "delete", ["cancel"]),
        ("cancelling", "pause", []),
        ("cancelling", "resume", []),
        ("paused", "delete", ["resume", "cancel"]),
        ("succeeded", "pause", ["retry", "delete"]),
        ("succeeded", "resume", ["retry", "delete"]),
        ("succeeded", "cancel", ["retry", "delete"]),
        ("failed", "resume", ["retry", "delete"]),
        ("failed", "cancel", ["retry", "delete"]),
        ("cancelled", "pause", ["retry", "delete"]),
        ("cancelled", "resume", ["retry", "delete"]),
    ],
)
def test_a_move_that_is_not_allowed_is_a_409_with_the_state_the_action_and_what_is(
    client: FlaskClient, joined: Base, status: str, action: str, allowed: list[str]
) -> None:
    job_id = brought_to(status, joined)
    address = f"/api/v1/jobs/{job_id}"

    answer = client.delete(address) if action == "delete" else client.post(f"{address}/{action}")

    problem = answer.get_json()
    assert answer.status_code == 409
    assert (problem["from"], problem["action"], problem["allowed"]) == (status, action, allowed)
    assert status in problem["detail"]
    assert joined.jobs.lookup.get("local", job_id).status == status


@pytest.mark.parametrize("code", [*CLASSES])
def test_the_page_that_an_error_names_says_what_to_do(client: FlaskClient, code: str) -> None:
    page = client.get(f"/problems/{code.replace('_', '-')}")

    assert page.status_code == 200
    assert f"Class <code>{CLASSES[code]}</code>" in page.text
