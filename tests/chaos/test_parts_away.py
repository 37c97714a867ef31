"""F16 to F39 of parts that are away: Redis, database or API refused, empty, full, killed, or of another time."""

import contextlib
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest

from services.settings import Settings
from tests.chaos.conftest import Yard
from tests.chaos.rig import QUICK, R, until
from tests.postgres import wait_for
from tests.processes import below

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

LITTLE = {
    "data": {"x": [[float(n)] for n in range(12)], "y": [float(n % 3) for n in range(12)]},
    "model": "linear",
    "epochs": 1,
}


def test_f16_a_redis_that_comes_back_empty_loses_no_job(yard: Yard, counts: Counter[str]) -> None:
    rig = yard.rig
    running = [rig.submit(R) for _ in range(2)]
    until(lambda: len(rig.trainers()) == 2)
    queued = [rig.submit(LITTLE | {"seed": n}) for n in range(200)]

    rig.valkey.kill()
    time.sleep(2.0)
    rig.valkey.start()
    counts["kills"] += 1
    counts["restarts"] += 1

    took = until(lambda: rig.waiting() >= 60 or rig.job(queued[-1])["done"], 15)
    done = rig.finish(*running, *queued)
    print(f"F16: the queue was full again after {took:.1f} s")
    assert {(job["status"], job["attempt"]) for job in done} == {("succeeded", 1)}
    yard.check(*running)


def test_f17_jobs_are_taken_in_while_redis_is_away(yard: Yard, counts: Counter[str]) -> None:
    rig, times = yard.rig, []
    rig.valkey.kill()
    jobs = []
    for n in range(50):
        began = time.perf_counter()
        jobs.append(rig.submit(LITTLE | {"seed": n}))
        times.append(time.perf_counter() - began)
    assert rig.ask("GET", "/readyz")["status"] == "degraded"

    rig.valkey.start()
    counts["kills"] += 1
    counts["restarts"] += 1

    done = rig.finish(*jobs)
    times.sort()
    print(f"F17: POST p50 {times[25] * 1000:.0f} ms, p99 {times[-1] * 1000:.0f} ms without Redis")
    assert {(job["status"], job["attempt"]) for job in done} == {("succeeded", 1)}
    assert times[-1] < 1.0  # the target is 300 ms, on a machine that does nothing else
    yard.check()


def test_f20_a_redis_without_room_takes_no_nudge_and_costs_no_job(yard: Yard) -> None:
    rig = yard.rig
    rig.redis.config_set("maxmemory", "1")
    try:
        jobs = [rig.submit(LITTLE | {"seed": n}) for n in range(10)]
        until(lambda: rig.ask("GET", "/readyz")["status"] == "degraded")
    finally:
        rig.redis.config_set("maxmemory", "0")

    done = rig.finish(*jobs)

    assert {(job["status"], job["attempt"]) for job in done} == {("succeeded", 1)}
    until(lambda: rig.ask("GET", "/readyz")["status"] == "ok")
    yard.check()


def test_f23_and_f24_a_database_that_is_away_for_long_puts_no_job_back(yard: Yard) -> None:
    """Away for more than four times as long as it takes until a job that does not beat counts as silent."""
    rig = yard.rig
    away_s = 4.5 * float(QUICK["reap_interval_s"]) * Settings().reap_reads
    jobs = [rig.submit(R) for _ in range(2)]
    until(lambda: len(rig.trainers()) == 2)
    answered = []

    def look() -> None:
        began = time.perf_counter()
        answer = httpx2.get(f"{rig.http.base_url}/api/v1/jobs/{jobs[0]}", timeout=40)
        answered.append((answer.status_code, "Retry-After" in answer.headers, time.perf_counter() - began))

    if yard.proxy:
        yard.proxy.refuse()
        for _ in range(5):
            look()
            time.sleep(away_s / 5)
        yard.proxy.mode = "pass"
        assert {(status, said) for status, said, _ in answered} == {(503, True)}
        print(f"F23: 503 after at most {max(took for *_, took in answered):.1f} s")
        assert max(took for *_, took in answered) < 2
    else:
        with sqlite3.connect(rig.folder / "data" / "batchyard.db", isolation_level=None, timeout=20) as held:
            held.execute("BEGIN EXCLUSIVE")
            time.sleep(away_s)
            held.execute("ROLLBACK")
        held.close()

    done = rig.finish(*jobs)
    assert {(job["status"], job["attempt"]) for job in done} == {("succeeded", 1)}
    yard.check(*jobs)


def test_f25_a_commit_whose_answer_was_lost_is_not_done_twice(yard: Yard, counts: Counter[str]) -> None:
    if yard.proxy is None:
        pytest.skip("SQLite has no connection that could be lost")
    rig = yard.rig
    jobs = [rig.submit(R) for _ in range(2)]
    until(lambda: len(rig.trainers()) == 2)
    before = yard.proxy.cuts
    for _ in range(10):
        yard.proxy.cuts_left = 1
        until(lambda: yard.proxy.cuts_left == 0 or not rig.trainers())
        time.sleep(yard.dice.uniform(0.1, 0.4))
    yard.proxy.cuts_left = 0
    counts["lost answers"] += yard.proxy.cuts - before

    done = rig.finish(*jobs)

    assert {job["status"] for job in done} == {"succeeded"}
    yard.check(*jobs)


def test_f26_a_postgresql_that_crashes_again_and_again_costs_no_epoch(yard: Yard, counts: Counter[str]) -> None:
    if yard.server is None:
        pytest.skip("SQLite has no server that could crash")
    rig = yard.rig
    jobs = [rig.submit(R) for _ in range(2)]
    for _ in range(6):
        until(lambda: rig.trainers() or all(rig.job(job)["done"] for job in jobs))
        time.sleep(yard.dice.uniform(0.0, 0.5))
        yard.server.stop(signal.SIGQUIT)
        yard.server.start()
        wait_for(yard.server.home)
        counts["restarts"] += 1

    assert {job["status"] for job in rig.finish(*jobs)} == {"succeeded"}
    yard.check(*jobs)


def test_f38_and_f39_a_database_whose_clock_jumps_puts_no_job_back(yard: Yard) -> None:
    if yard.server is None or yard.proxy is None:
        pytest.skip("only a server has a clock of its own")
    rig = yard.rig
    jobs = [rig.submit(R) for _ in range(2)]
    until(lambda: len(rig.trainers()) == 2)
    with psycopg.connect(host=str(yard.server.home), user="postgres", autocommit=True) as connection:
        connection.execute("CREATE SCHEMA shifted")
        try:
            for offset in ("2 hours", "-2 hours", "10 minutes"):
                for name in ("clock_timestamp", "statement_timestamp"):
                    connection.execute(
                        f"CREATE OR REPLACE FUNCTION shifted.{name}() RETURNS timestamptz LANGUAGE sql "
                        f"AS $$ SELECT pg_catalog.{name}() + interval '{offset}' $$"
                    )
                connection.execute("ALTER DATABASE postgres SET search_path = shifted, public, pg_catalog")
                yard.proxy.cut_all()  # only a new connection takes the search path over
                before = [rig.job(job)["progress"] for job in jobs]
                until(lambda before=before: [rig.job(job)["progress"] for job in jobs] != before)
        finally:
            connection.execute("ALTER DATABASE postgres RESET search_path")
            yard.proxy.cut_all()
            done = rig.finish(*jobs)
            connection.execute("DROP SCHEMA shifted CASCADE")

    assert {(job["status"], job["attempt"]) for job in done} == {("succeeded", 1)}
    yard.check(*jobs)


def test_f34_a_job_is_published_though_the_api_died_right_after_its_commit(yard: Yard, counts: Counter[str]) -> None:
    rig = yard.rig
    points = rig.folder / "points"
    for n in range(4):
        known = {job["id"] for job in rig.ask("GET", "/api/v1/jobs?limit=100")["data"]}
        (points / "passed").unlink(missing_ok=True)
        (points / "die").write_text("1 submit.ring")
        with pytest.raises(httpx2.TransportError):
            rig.http.post("/api/v1/jobs", json=LITTLE | {"seed": 1000 + n})
        (points / "die").write_text("0")
        counts["kills"] += 1
        _api_is_back(yard, counts)
        found = {job["id"] for job in rig.ask("GET", "/api/v1/jobs?limit=100")["data"]} - known
        assert len(found) == 1
        (job,) = rig.finish(*found, timeout_s=20)
        assert (job["status"], job["attempt"]) == ("succeeded", 1)
    yard.check()


def test_f35_a_post_that_is_cut_and_sent_again_makes_one_job(yard: Yard, counts: Counter[str]) -> None:
    rig = yard.rig
    before = rig.ask("GET", "/api/v1/jobs?limit=1")["counts"]["succeeded"]
    jobs = []
    for n in range(6):
        api = [p.pid for p in below(rig.api.process.pid)] or [rig.api.process.pid]
        timer = threading.Timer(yard.dice.uniform(0.0, 0.05), lambda api=api: [os.kill(p, signal.SIGKILL) for p in api])
        timer.start()
        spec, key = LITTLE | {"seed": 2000 + n}, f"cut-{yard.dice.random()}"
        with contextlib.suppress(httpx2.TransportError):
            rig.http.post("/api/v1/jobs", json=spec, headers={"Idempotency-Key": key})
        timer.join()
        counts["kills"] += 1
        _api_is_back(yard, counts)
        jobs += [rig.submit(spec, key), rig.submit(spec, key)]

    rig.finish(*jobs)

    assert len(set(jobs)) == 6
    assert rig.ask("GET", "/api/v1/jobs?limit=1")["counts"]["succeeded"] == before + 6
    yard.check()


def test_f36_a_hundred_posts_of_one_key_make_one_job(yard: Yard) -> None:
    rig = yard.rig
    for n in range(3):
        spec, key = LITTLE | {"seed": 3000 + n}, f"once-{yard.dice.random()}"
        with ThreadPoolExecutor(20) as pool:
            jobs = set(pool.map(lambda _, spec=spec, key=key: rig.submit(spec, key), range(100)))
        assert len(jobs) == 1
        assert rig.finish(*jobs)[0]["attempt"] == 1
    yard.check()


def _api_is_back(yard: Yard, counts: Counter[str]) -> None:
    """Start the API again if its server ended with its worker, and wait until it answers."""
    time.sleep(0.3)
    if yard.rig.api.process.poll() is not None or not below(yard.rig.api.process.pid):
        yard.rig.api.kill()
        yard.rig.api.start()
        counts["restarts"] += 1
    yard.rig.ask("GET", "/healthz")
