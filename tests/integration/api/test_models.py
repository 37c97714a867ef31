"""Registered models over HTTP: versions, aliases, what may not be deleted, and the gate."""

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from services.jobs.pruning import Pruning
from services.wiring.base import Base
from tests.make import make_job, train

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(0, 1, (400, 3))
Y = X @ np.array([2.0, -1.0, 0.5]) + RANDOM.normal(0, 0.3, 400)
DATA = {"x": X.round(4).tolist(), "y": Y.round(4).tolist()}


def register(client: FlaskClient, job: str, name: str = "m") -> dict[str, Any]:
    """Register a job's best checkpoint."""
    answer = client.post(f"/api/v1/models/{name}/versions", json={"job": job})
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def test_versions_count_up_and_a_deleted_number_is_not_given_again(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id)

    first, second = register(client, job.id), register(client, job.name)
    assert client.delete("/api/v1/models/m/versions/2").status_code == 204
    third = register(client, job.id)

    assert [view["version"] for view in (first, second, third)] == [1, 2, 3]
    assert first["job"] == job.id
    assert first["checkpoint"] == job.training.best.checkpoint
    assert [view["version"] for view in client.get("/api/v1/models/m").json["versions"]] == [3, 1]
    assert client.get("/api/v1/models/m/versions/2").status_code == 404
    assert client.get("/api/v1/models/n").status_code == 404
    prediction = client.post("/api/v1/models/m/predict", json={"x": [[1.0, 2.0]]}).json
    assert prediction["model"] == {"name": "m", "version": 3, "alias": None}
    assert prediction["weights_sha256"] == third["weights_sha256"]


def test_an_alias_is_moved_by_compare_and_set_and_its_history_kept(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id)
    register(client, job.id)
    register(client, job.id)
    address = "/api/v1/models/m/aliases/champion"

    made = client.put(address, json={"version": 1})
    moved = client.put(address, json={"version": 2, "reason": "newer"}, headers={"If-Match": made.headers["ETag"]})
    late = client.put(address, json={"version": 1}, headers={"If-Match": made.headers["ETag"]})
    unknown = client.put(address, json={"version": 9})
    again = client.put(address, json={"version": 2})

    assert (made.status_code, moved.status_code, late.status_code, unknown.status_code) == (200, 200, 412, 422)
    assert late.json["etag"] == moved.headers["ETag"] == again.headers["ETag"]
    assert unknown.json["errors"][0]["pointer"] == "#/version"
    assert client.delete(address, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    history = client.get(f"{address}/history").json["data"]
    assert [(move["from_version"], move["to_version"], move["reason"]) for move in history] == [
        (2, None, None),
        (1, 2, "newer"),
        (None, 1, None),
    ]
    client.put(address, json={"version": 1})
    assert client.get(address).headers["ETag"] == '"4"'  # never one that somebody has seen


def test_what_an_alias_or_a_version_needs_is_not_deleted(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id)
    register(client, job.id)
    client.put("/api/v1/models/m/aliases/champion", json={"version": 1})

    version = client.delete("/api/v1/models/m/versions/1")
    deleted = client.delete(f"/api/v1/jobs/{job.id}?force=true")

    assert (version.status_code, version.json["code"]) == (409, "version_in_use")
    assert version.json["aliases"] == ["champion"]
    assert (deleted.status_code, deleted.json["versions"]) == (409, ["m/1"])
    client.delete("/api/v1/models/m/aliases/champion")
    assert client.delete("/api/v1/models/m/versions/1").status_code == 204
    assert client.delete(f"/api/v1/jobs/{job.id}").status_code == 204


def test_retention_leaves_what_is_registered(client: FlaskClient, joined: Base) -> None:
    from dataclasses import replace

    kept, gone, _ = (train(joined, make_job(joined, seed=seed).id) for seed in range(3))
    register(client, kept.id)

    Pruning(joined.database, joined.jobs.commands, replace(joined.settings, keep_jobs_count=1)).prune()

    assert client.get(f"/api/v1/jobs/{kept.id}").status_code == 200
    assert client.get(f"/api/v1/jobs/{gone.id}").status_code == 404


def test_a_registered_checkpoint_outlives_better_ones_of_its_job(client: FlaskClient, joined: Base) -> None:
    from services.wiring import trainer

    job = make_job(joined, epochs=6)
    claim = joined.queue.claims.claim("cpu", "test")
    assert claim is not None
    work = trainer.job(joined.settings, claim.job_id, claim.attempt, lambda: None, lambda: None)
    versions = []
    for costs in work.training.fit():
        work.recorder.flush_due = 0.0
        work.recorder.epoch(costs, improved=work.training.best.improved(costs))
        versions.append(register(client, job.id))
    work.database.close()

    assert len({version["checkpoint"] for version in versions}) > 2
    for version in versions:
        answer = client.post(f"/api/v1/models/m/versions/{version['version']}/predict", json={"x": [[1.0, 2.0]]})
        assert answer.json["checkpoint"]["id"] == version["checkpoint"]
        assert answer.json["weights_sha256"] == version["weights_sha256"]


def test_the_gate_refuses_a_worse_version_unless_it_is_forced_with_a_reason(client: FlaskClient, joined: Base) -> None:
    good = train(joined, make_job(joined, data=DATA, epochs=40).id)
    bad = train(joined, make_job(joined, data=DATA, epochs=1).id)
    for job in (good, bad):
        register(client, job.id)
    address = "/api/v1/models/m/aliases/champion"
    client.put(address, json={"version": 1, "gate": True})

    refused = client.put(address, json={"version": 2, "gate": True})
    unreasoned = client.put(address, json={"version": 2, "gate": True, "force": True})
    wide = client.put(address, json={"version": 2, "gate": True, "margin": 1e6})
    back = client.put(address, json={"version": 1, "gate": True})
    forced = client.put(address, json={"version": 2, "gate": True, "force": True, "reason": "a demo"})

    assert (refused.status_code, refused.json["code"]) == (409, "gate_refused")
    report = refused.json["report"]
    assert report["rows"] == round(400 * good.spec["split"]["validation"])
    assert report["champion_cost"] == pytest.approx(
        good.training.best.value, rel=1e-4
    )  # the recorded cost, measured elsewhere
    assert report["challenger_cost"] == pytest.approx(bad.training.best.value, rel=1e-4)
    assert unreasoned.status_code == 422
    assert (wide.status_code, back.status_code, forced.status_code) == (200, 200, 200)
    newest = client.get(f"{address}/history").json["data"][0]
    assert (newest["forced"], newest["reason"], newest["report"]["passed"]) == (True, "a demo", False)


def test_the_gate_takes_only_rows_that_neither_has_trained_on(client: FlaskClient, joined: Base) -> None:
    half = {"split": {"type": "random", "validation": 0.5}}
    one = train(joined, make_job(joined, data=DATA, seed=1, **half).id)
    two = train(joined, make_job(joined, data=DATA, seed=2, **half).id)
    warm = train(joined, make_job(joined, data=DATA, seed=1, init_from={"job": two.id}, **half).id)
    other = train(joined, make_job(joined).id)
    for job in (one, two, warm, other):
        register(client, job.id)
    address = "/api/v1/models/m/aliases/champion"
    client.put(address, json={"version": 1})

    def report(version: int) -> dict[str, Any]:
        client.put(address, json={"version": 1})
        client.put(address, json={"version": version, "gate": True, "force": True, "reason": "look"})
        found: dict[str, Any] = client.get(f"{address}/history").json["data"][0]["report"]
        return found

    assert 60 < report(2)["rows"] < 140  # about half of each one's half
    assert report(3)["rows"] == report(2)["rows"]  # what it began with has trained on the others
    client.put(address, json={"version": 1})
    refused = client.put(address, json={"version": 4, "gate": True})
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "not_comparable")
