"""F14, F15, F18, F19, F21, F22, F33 and F41: slower faults, and all of them mixed; `make soak`."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest
import redis

from tests.chaos.conftest import Yard
from tests.chaos.rig import SHORT, Part, R, until

MINUTES = float(os.environ.get("BATCHYARD_SOAK_MINUTES", "20"))
pytestmark = [pytest.mark.soak, pytest.mark.timeout(600 + 2 * 60 * MINUTES)]


def test_f14_a_drain_that_is_cut_short_is_a_kill(yard: Yard, counts: Counter[str]) -> None:
    rig = yard.rig
    jobs = [rig.submit(R) for _ in range(3)]
    for _ in range(5):
        until(lambda: rig.trainers() or all(rig.job(job)["done"] for job in jobs))
        worker = yard.dice.choice(rig.workers)
        worker.process.send_signal(signal.SIGTERM)
        time.sleep(yard.dice.uniform(0.0, 0.5))
        _restart(worker, counts)

    assert {job["status"] for job in rig.finish(*jobs)} == {"succeeded"}
    yard.check(*jobs)


def test_f15_a_rolling_restart_under_submits_fails_no_request(yard: Yard, counts: Counter[str]) -> None:
    rig, jobs = yard.rig, []
    for part in (rig.api, *rig.dispatchers, *rig.workers):
        jobs.append(rig.submit(SHORT))
        part.kill(signal.SIGTERM)
        jobs.append(rig.submit(SHORT)) if part is not rig.api else None
        part.start()
        counts["restarts"] += 1
        for _ in range(4):
            jobs.append(rig.submit(SHORT))
            time.sleep(0.5)

    assert {job["status"] for job in rig.finish(*jobs)} == {"succeeded"}
    yard.check(*jobs)


def test_f18_a_redis_that_stands_still_stops_no_training(yard: Yard, counts: Counter[str]) -> None:
    rig = yard.rig
    running = [rig.submit(R) for _ in range(2)]
    until(lambda: len(rig.trainers()) == 2)
    rig.valkey.signal_tree(signal.SIGSTOP)
    counts["stops"] += 1
    queued = [rig.submit(SHORT) for _ in range(5)]
    time.sleep(60)
    assert {(job["status"], job["attempt"]) for job in rig.finish(*running)} == {("succeeded", 1)}

    rig.valkey.signal_tree(signal.SIGCONT)

    took = until(lambda: all(rig.job(job)["done"] for job in queued), 90)
    print(f"F18: all was done {took:.1f} s after Redis went on")
    yard.check(*running, *queued)


def test_f19_workers_that_lose_their_connections_again_and_again_do_not_go_deaf(yard: Yard) -> None:
    rig, jobs = yard.rig, []
    for _ in range(30):
        rig.redis.client_kill_filter(_type="normal", skipme=True)
        jobs += [rig.submit(SHORT) for _ in range(2)]
        time.sleep(2)

    assert {job["status"] for job in rig.finish(*jobs)} == {"succeeded"}
    yard.check(*jobs)


def test_f21_a_queue_that_is_emptied_again_and_again_loses_no_job(yard: Yard) -> None:
    rig = yard.rig
    jobs = [rig.submit(SHORT) for _ in range(100)]
    while not rig.job(jobs[-1])["done"]:
        rig.redis.flushall()
        time.sleep(1)

    assert {(job["status"], job["attempt"]) for job in rig.finish(*jobs)} == {("succeeded", 1)}
    yard.check(*jobs)


def test_f22_connections_to_the_database_that_are_cut_cost_no_epoch(yard: Yard, counts: Counter[str]) -> None:
    if yard.proxy is None:
        pytest.skip("SQLite has no connection that could be lost")
    rig = yard.rig
    jobs = [rig.submit(R) for _ in range(4)]
    for _ in range(20):
        time.sleep(yard.dice.uniform(0.1, 0.5))
        yard.proxy.cut_all()
        counts["cuts"] += 1

    assert {job["status"] for job in rig.finish(*jobs)} == {"succeeded"}
    yard.check(*jobs)


def test_f33_every_prediction_is_answered_while_checkpoints_are_replaced(yard: Yard) -> None:
    rig = yard.rig
    job = rig.submit(R)
    until(lambda: rig.job(job)["best"])
    row = {"x": [[0.0] * 64]}
    answers = 0
    while not rig.job(job)["done"] or answers < 300:
        predicted = rig.ask("POST", f"/api/v1/jobs/{job}/predict", json=row)
        assert len(predicted["predictions"]) == 1, predicted
        answers += 1
    print(f"F33: {answers} predictions")
    yard.check(job)


def test_f41_all_faults_mixed_lose_double_and_change_nothing(yard: Yard, counts: Counter[str]) -> None:
    rig, dice = yard.rig, yard.dice
    faults: dict[str, Callable[[], None]] = {
        "trainer": lambda: _kill_one([p.pid for p in rig.trainers()]),
        "supervisor": lambda: _kill_one([p.pid for p in rig.supervisors()]),
        "worker": lambda: _restart(dice.choice(rig.workers), counts),
        "dispatcher": lambda: _restart(dice.choice(rig.dispatchers), counts),
        "api": lambda: _restart(rig.api, counts),
        "redis": lambda: _restart(rig.valkey, counts),
        "stop": lambda: _stop_for(dice.choice(rig.workers), dice.uniform(0.5, 4.0)),
        "flush": lambda: _flush(rig.redis),
    }
    if yard.proxy:
        faults["cut"] = yard.proxy.cut_all
        faults["away"] = lambda: _away_for(yard, dice.uniform(0.5, 4.0))

    def _kill_one(pids: list[int]) -> None:
        if pids:
            os.kill(dice.choice(pids), signal.SIGKILL)

    jobs: list[str] = []
    deadline = time.monotonic() + 60 * MINUTES
    while time.monotonic() < deadline:
        name = dice.choice(list(faults))
        faults[name]()
        counts[f"fault {name}"] += 1
        if len(jobs) < 10 or all(rig.job(job)["done"] for job in jobs[-6:]):
            jobs.append(rig.submit(dice.choice([R, SHORT]), key=f"soak-{dice.random()}"))
        time.sleep(dice.uniform(0.2, 2.0))

    assert {job["status"] for job in rig.finish(*jobs, timeout_s=240)} == {"succeeded"}
    yard.check(*jobs)


def _restart(part: Part, counts: Counter[str]) -> None:
    part.kill()
    part.start()
    counts["restarts"] += 1


def _stop_for(part: Part, seconds: float) -> None:
    part.signal_tree(signal.SIGSTOP)
    time.sleep(seconds)
    part.signal_tree(signal.SIGCONT)


def _away_for(yard: Yard, seconds: float) -> None:
    assert yard.proxy
    yard.proxy.refuse()
    time.sleep(seconds)
    yard.proxy.mode = "pass"


def _flush(client: "redis.Redis[bytes]") -> None:
    try:
        client.flushall()
    except redis.ConnectionError:
        return
