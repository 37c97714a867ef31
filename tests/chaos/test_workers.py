"""F1 to F7, F12 and F13: what happens to workers, and to jobs while they are trained."""

import contextlib
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from services.db.tables import Epoch
from services.nudges import list_of
from tests.chaos.conftest import Yard
from tests.chaos.rig import SHORT, R, until
from tests.processes import Process

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def test_f1_trainers_killed_at_any_step_are_followed_by_others_at_once(yard: Yard, counts: Counter[str]) -> None:
    rig, kills, slowest = yard.rig, 15, 0.0
    jobs = [rig.submit(R) for _ in range(4)]

    def training() -> list[Process]:
        if all(rig.job(job)["done"] for job in jobs):
            jobs.append(rig.submit(R))
        return rig.trainers()

    for _ in range(kills):
        time.sleep(yard.dice.uniform(0.0, 0.6))
        while not (found := training()):
            time.sleep(0.02)
        victim = yard.dice.choice(found)
        with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
            os.kill(victim.pid, signal.SIGKILL)
        slowest = max(slowest, until(lambda victim=victim: (now := training()) and victim not in now))
    counts["kills"] += kills

    done = rig.finish(*jobs)

    print(f"F1: training again after at most {slowest:.1f} s")
    assert {job["status"] for job in done} == {"succeeded"}
    assert sum(job["attempt"] for job in done) >= len(jobs) + kills // 2
    assert slowest < 5
    yard.check(*jobs)


def test_f2_a_trainer_ends_with_its_supervisor_and_the_job_goes_on(yard: Yard, counts: Counter[str]) -> None:
    rig = yard.rig
    hold = rig.hold("trainer.trained")
    jobs = [rig.submit(R) for _ in range(2)]
    for _ in range(3):
        until(lambda: len(rig.trainers()) == 2)
        trainers = rig.trainers()
        os.kill(yard.dice.choice(rig.supervisors()).pid, signal.SIGKILL)
        counts["kills"] += 1
        until(lambda trainers=trainers: not all(p.alive for p in trainers), 2)
        took = until(lambda: len(rig.trainers()) == 2, 30)
        print(f"F2: training again after {took:.1f} s")
    hold.end()

    assert {job["status"] for job in rig.finish(*jobs)} == {"succeeded"}
    yard.check(*jobs)


def test_f3_a_worker_that_is_killed_and_started_again_loses_nothing(yard: Yard, counts: Counter[str]) -> None:
    rig = yard.rig
    jobs = [rig.submit(R) for _ in range(2)]
    for _ in range(2):
        until(lambda: rig.trainers() or all(rig.job(job)["done"] for job in jobs))
        worker = yard.dice.choice(rig.workers)
        worker.kill()
        worker.start()
        counts["kills"] += 1
        counts["restarts"] += 1
        until(lambda worker=worker: rig.trainers(worker) or all(rig.job(job)["done"] for job in jobs))

    assert {job["status"] for job in rig.finish(*jobs)} == {"succeeded"}
    yard.check(*jobs)


def test_f4_a_worker_that_stood_still_writes_nothing_once_another_has_its_job(yard: Yard, counts: Counter[str]) -> None:
    rig = yard.rig
    hold = rig.hold("trainer.trained")
    job = rig.submit(R)
    until(rig.trainers)
    asleep = next(worker for worker in rig.workers if rig.trainers(worker))
    zombies = rig.trainers(asleep)
    time.sleep(yard.dice.uniform(0.0, 1.0))
    asleep.signal_tree(signal.SIGSTOP)
    counts["stops"] += 1
    until(lambda: rig.job(job)["attempt"] == 2 and rig.job(job)["status"] != "queued", 30)
    before = rig.job(job)["latest"]
    hold.end()

    asleep.signal_tree(signal.SIGCONT)

    took = until(lambda: not any(p.alive for p in zombies), 10)
    print(f"F4: the zombie was gone after {took:.1f} s")
    (done,) = rig.finish(job)
    assert (done["status"], done["attempt"]) == ("succeeded", 2)
    with yard.rooms.database.reading() as session:
        late = select(Epoch.epoch).where(Epoch.job_id == job, Epoch.attempt == 1)
        epochs = list(session.scalars(late))
    assert all(epoch <= (before or {"epoch": 0})["epoch"] for epoch in epochs)
    yard.check(job)


def test_f5_and_f6_nudges_too_many_claim_nothing_twice(yard: Yard) -> None:
    rig = yard.rig
    hold = rig.hold("trainer.trained")
    jobs = [rig.submit(SHORT) for _ in range(20)]
    until(rig.waiting)
    copies = [copy for _ in range(20) if (copy := rig.redis.lindex(list_of("cpu"), 0))]
    for copy in copies * 5:
        rig.redis.lpush(list_of("cpu"), copy)
    hold.end()

    done = rig.finish(*jobs)

    assert {(job["status"], job["attempt"]) for job in done} == {("succeeded", 1)}
    until(lambda: rig.waiting() == 0)
    yard.check(*jobs)


def test_f7_rubbish_in_the_queue_keeps_no_job_waiting(yard: Yard) -> None:
    rig = yard.rig
    mains = [worker.process.pid for worker in rig.workers]
    rubbish = [b"no json", b"{}", b"\x80\x04\x95", b"x" * 5_000_000, b'{"body": "x", "properties": {}}']
    unknown = b'{"body": "W1tdLCB7fSwge31d", "headers": {"task": "rm", "id": "1"}, "content-type": "application/json", '
    unknown += b'"content-encoding": "utf-8", "properties": {"body_encoding": "base64", "delivery_tag": "1"}}'
    for n in range(25):
        rig.redis.lpush(list_of("cpu"), [*rubbish, unknown][n % 6])

    jobs = [rig.submit(SHORT) for _ in range(2)]

    assert {job["status"] for job in rig.finish(*jobs, timeout_s=30)} == {"succeeded"}
    assert [worker.process.poll() for worker in rig.workers] == [None, None]
    assert [worker.process.pid for worker in rig.workers] == mains
    yard.check(*jobs)


def test_f12_a_job_that_is_cancelled_at_any_moment_ends_once(yard: Yard) -> None:
    rig, states, slowest = yard.rig, Counter[str](), 0.0
    jobs = []
    for n in range(15):
        job = rig.submit(SHORT | {"epochs": 40 if n % 3 else 100_000})  # some can't end otherwise
        jobs.append(job)
        time.sleep(yard.dice.uniform(0.0, 0.35))
        answer = rig.http.post(f"/api/v1/jobs/{job}/cancel")
        if answer.status_code < 300:
            if answer.json()["done"]:  # else it may still end otherwise, if it was just about to
                rig.told.append(("cancel", job))
            slowest = max(slowest, until(lambda job=job: rig.job(job)["done"], 10))
        else:
            assert answer.status_code == 409, answer.text
        states[rig.finish(job)[0]["status"]] += 1

    print(f"F12: {dict(states)}; at most {slowest:.1f} s to the end")
    assert set(states) <= {"cancelled", "succeeded"}
    assert states["cancelled"] >= 3
    assert slowest < 5
    until(lambda: not rig.trainers())
    yard.check()


def test_f13_a_worker_that_drains_takes_no_step_twice(yard: Yard, tmp_path: Path, counts: Counter[str]) -> None:
    rig = yard.rig
    notes = [tmp_path / f"steps{n}" for n in range(2)]
    slow = R | {"epochs": 60}
    hold = rig.hold("trainer.epoch")
    counted = [
        rig.submit(slow | {"model": {"type": "plugin", "name": "counting", "params": {"note": str(note)}}})
        for note in notes
    ]
    for _ in counted:
        hold.next()
    queued = [rig.submit(SHORT) for _ in range(6)]
    drains = 0
    while not all(rig.job(job)["done"] for job in counted) and drains < 4:
        until(lambda hold=hold: hold.standing() or all(rig.job(job)["done"] for job in counted))
        working = [worker for worker in rig.workers if rig.trainers(worker)]
        if not working:
            continue
        worker = yard.dice.choice(working)
        began = time.monotonic()
        below_it = worker.signal(signal.SIGTERM)
        if not drains:
            hold.until_asked()  # the others are asked wherever they are by then
        hold.end()
        code = worker.ended(below_it, signal.SIGTERM)
        took = time.monotonic() - began
        print(f"F13: drained in {took:.1f} s")
        assert code == 0
        assert took < 10
        hold = rig.hold("trainer.epoch")
        worker.start()
        drains += 1
    hold.end()
    counts["drains"] += drains
    counts["restarts"] += drains

    done = rig.finish(*counted, *queued)

    assert {job["status"] for job in done} == {"succeeded"}
    assert drains >= 2
    for job, note in zip(counted, notes, strict=True):
        steps = rig.job(job)["model_summary"]["steps_per_epoch"] * 60
        assert note.stat().st_size == steps, f"{note.stat().st_size - steps} steps twice"
    yard.check(*queued)
