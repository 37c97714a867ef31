"""What Prometheus reads: parsed by its own parser, compared with what was done."""

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from sqlalchemy import update

from services.attempts import usage
from services.attempts.usage import Sample
from services.db.engine import now
from services.db.tables import Job
from services.monitoring.totals import Totals
from services.nudges import DEVICES
from services.queue.workers import Sign
from services.wiring.base import Base
from tests.make import make_job, train


def samples(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(it.name, *it.labels.values()): it.value for family in families for it in family.samples}


def test_jobs_are_counted_by_state_and_their_ends_stay_counted_when_they_are_deleted(
    client: FlaskClient, joined: Base
) -> None:
    done = train(joined, make_job(joined).id)
    waiting = make_job(joined)
    joined.jobs.commands.cancel("local", make_job(joined).id)

    before = samples(client)
    joined.jobs.commands.delete("local", done.id, force=False)
    after = samples(client)

    assert (before["batchyard_jobs", "succeeded"], after["batchyard_jobs", "succeeded"]) == (1, 0)
    assert before["batchyard_jobs", "queued"] == before["batchyard_queue_jobs", waiting.run.device] == 1
    for found in (before, after):
        assert found["batchyard_jobs_ended_total", "succeeded"] == 1
        assert found["batchyard_jobs_ended_total", "cancelled"] == 1
        assert found["batchyard_jobs_ended_total", "failed"] == 0
        assert found["batchyard_epochs_total", "succeeded"] == done.training.epochs_done
        assert found["batchyard_training_seconds_total", "succeeded"] > 0


def test_the_queue_and_the_workers_of_each_device(client: FlaskClient, app: Flask, joined: Base) -> None:
    joined.queue.workers.seen(Sign("cpu-1@host", "cpu", 3, {}))
    joined.queue.workers.seen(Sign("cpu-2@host", "cpu", 1, {}, fault="stuck"))
    running, _ = make_job(joined), make_job(joined)
    joined.queue.claims.claim("cpu", "cpu-1@host")

    found = samples(client)

    assert running.run.device == "cpu"
    assert (found["batchyard_workers_online", "cpu"], found["batchyard_worker_slots", "cpu"]) == (1, 3)
    assert (found["batchyard_jobs_running", "cpu"], found["batchyard_queue_jobs", "cpu"]) == (1, 1)
    assert 0 <= found["batchyard_queue_oldest_wait_seconds", "cpu"] < 60
    totals: Totals = app.extensions["batchyard"].monitoring.totals(DEVICES)
    assert totals.devices["cuda"].workers == 0


def test_what_the_trainers_of_running_jobs_take_is_added_up(client: FlaskClient, joined: Base) -> None:
    for _ in range(3):
        make_job(joined)
    for n in range(2):
        claim = joined.queue.claims.claim("cpu", "cpu-1@host")
        assert claim
        joined.attempts.lifecycle.beat(claim, None)
        with joined.database.transaction() as session:
            session.execute(update(Job).where(Job.id == claim.job_id).values(started_at=now(session)))
        early, late = Sample(50.0, 7, 90.0, 70, 60.0), Sample(50.0, 1_000 + n, 10.0 * n, None, None)
        usage.store(joined.database, claim, [(0.0, early)])
        usage.store(joined.database, claim, [(-9.0, late)])

    found = samples(client)

    assert found["batchyard_trainer_memory_bytes", "cpu"] == 2_001
    assert found["batchyard_trainer_gpu_percent", "cpu"] == 10
    assert found["batchyard_trainer_gpu_memory_bytes", "cpu"] == 0
    assert found["batchyard_trainer_memory_bytes", "cuda"] == 0


def test_requests_are_timed_by_their_route_and_nonsense_makes_one_series(client: FlaskClient) -> None:
    for path in ("/healthz", "/healthz", "/nonsense/1", "/nonsense/2"):
        client.get(path)

    found = samples(client)

    count = "batchyard_http_request_duration_seconds_count"
    assert found[count, "GET", "/healthz", "200"] == 2
    assert found[count, "unknown", "unknown", "404"] == 2
    assert not [key for key in found if "nonsense" in "".join(key)]


def test_a_part_that_is_away_takes_only_its_own_metrics_with_it(client: FlaskClient, app: Flask) -> None:
    app.extensions["batchyard"].bell.redis = Redis.from_url("redis://127.0.0.1:1/0", retry=None)

    found = samples(client)

    assert (found["batchyard_up", "redis"], found["batchyard_up", "database"]) == (0, 1)
    assert ("batchyard_nudges", "cpu") not in found
    assert ("batchyard_jobs", "queued") in found


def test_the_caches_hits_and_misses(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id)
    address = f"/api/v1/jobs/{job.id}/predict"
    rows = {"x": [[1.0, 1.0]]}
    before = samples(client)

    for _ in range(3):
        assert client.post(address, json=rows).status_code == 200
    after = samples(client)

    misses, hits = ("batchyard_model_cache_misses_total",), ("batchyard_model_cache_hits_total",)
    assert after[misses] - before[misses] == 1
    assert after[hits] - before[hits] == 2
    assert after[("batchyard_model_cache_models",)] == 1
    assert after[("batchyard_model_cache_bytes",)] > 0
