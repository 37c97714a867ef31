"""Ten jobs train while every part of the stack is killed at random: nothing is lost and every bit is the same."""

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load

from tests.once import once
from tests.processes import Process, below
from tests.stack import Stack, local_stack

KINDS = ("trainer", "supervisor", "worker", "fork server", "dispatcher", "api", "redis")
ROUNDS = 4  #: each kind is killed so often, in an order drawn by the seed
SEED = int(os.environ.get("KILL_SEED", "1"))
QUICK = {
    "beat_interval_s": "0.3",
    "stop_poll_interval_s": "0.3",
    "reap_interval_s": "0.5",
    "backoff_s": "0.2",
    "backoff_max_s": "1",
    "flush_interval_s": "0.3",
    "max_attempts_without_progress": "30",  # the kills are ours, not the jobs' fault
}
JOBS: list[dict[str, Any]] = [
    {
        "data": {"builtin": data},
        "model": {"type": "mlp", "hidden": [48, 48], "dropout": 0.1},
        "optimizer": optimizer,
        "batch_size": 16,
        "epochs": epochs,
        "early_stopping": False,
        "seed": seed,
    }
    for seed, (data, optimizer, epochs) in enumerate(
        [("digits", "adamw", 120), ("diabetes", "adam", 300), ("breast_cancer", "adamw", 250)] * 3
        + [("wine", {"type": "sgd", "lr": 0.01, "momentum": 0.9}, 900)]
    )
]


@pytest.fixture
def database_url(database: Any) -> str:
    """The URL of an empty database of each kind; SQLite's lies in the stack's own folder."""
    url = database.settings.sqlalchemy_url
    return "" if url.startswith("sqlite") else url


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The results of jobs that nothing disturbs."""

    def undisturbed() -> list[dict[str, Any]]:
        with local_stack(tmp_path_factory.mktemp("calm") / "data", "--workers", "2") as calm:
            return [result(calm, job) for job in [calm.submit(spec) for spec in JOBS]]

    return once(tmp_path_factory, "calm", undisturbed)


@pytest.mark.timeout(560)
def test_killing_every_part_loses_nothing_and_changes_no_bit(
    tmp_path: Path, database_url: str, expected: list[dict[str, Any]]
) -> None:
    with local_stack(tmp_path / "wild", "--workers", "2", database_url=database_url, **QUICK) as wild:
        jobs = [wild.submit(spec, **{"Idempotency-Key": str(n)}) for n, spec in enumerate(JOBS)]
        killed = kill_at_random(wild, random.Random(SEED))
        found = [result(wild, job) for job in jobs]
        attempts = [wild.json(f"/api/v1/jobs/{job}")["attempt"] for job in jobs]
        listed = wild.json("/api/v1/jobs?limit=100")["data"]

    print(f"seed {SEED}: killed {killed}, attempts {attempts}")
    assert found == expected
    assert sorted(job["id"] for job in listed) == sorted(jobs)
    assert set(killed) == set(KINDS)
    assert sum(attempts) >= len(jobs) + ROUNDS


def kill_at_random(stack: Stack, dice: random.Random) -> list[str]:
    """Kill every kind of part several times, a second or so apart; return what was killed.

    A part that is just being started again is waited for, a trainer as long as any job is open.
    """
    order = list(KINDS) * ROUNDS
    dice.shuffle(order)
    killed = []
    for kind in order:
        time.sleep(dice.uniform(0.3, 1.5))
        deadline = time.monotonic() + 15
        while not (found := parts_of(stack).get(kind)) and time.monotonic() < deadline:
            time.sleep(0.05)
        if found:
            os.kill(dice.choice(found).pid, signal.SIGKILL)
            killed.append(kind)
    return killed


def parts_of(stack: Stack) -> dict[str, list[Process]]:
    """Return the killable processes of a stack by what they are."""
    everyone = below(stack.process.pid)
    warm = {p.pid for p in everyone if "worker.fork_server" in p.command}
    workers = {p.pid for p in everyone if "local.parts worker" in p.command and p.parent == stack.process.pid}
    celery = {p.pid for p in everyone if "worker.celery_process" in p.command and p.parent in workers}
    kinds = {
        "api": lambda p: "granian" in p.command,
        "dispatcher": lambda p: "dispatcher" in p.command,
        "redis": lambda p: "valkey-server" in p.command,
        "worker": lambda p: p.pid in workers,
        "celery": lambda p: p.pid in celery,
        "supervisor": lambda p: p.parent in celery,
        "fork server": lambda p: p.pid in warm,
        "trainer": lambda p: p.parent in warm and p.leads,
    }
    found = {name: [p for p in everyone if belongs(p)] for name, belongs in kinds.items()}
    return {name: processes for name, processes in found.items() if processes}


def result(stack: Stack, job_id: str) -> dict[str, Any]:
    """Return all that must be the same however often a job was killed."""
    job = stack.finished(job_id, timeout_s=240)
    metrics = stack.json(f"/api/v1/jobs/{job_id}/metrics")
    kept = [metrics["columns"].index(name) for name in ("epoch", "train_cost", "val_cost", "checkpoint")]
    weights = stack.http.get(f"/api/v1/jobs/{job_id}/checkpoints/best/content").content
    return {
        "status": job["status"],
        "stop_reason": job["stop_reason"],
        "best": (job["best"]["epoch"], job["best"]["value"]),
        "epochs": [[row[n] for n in kept] for row in metrics["data"]],
        "batches": stack.json(f"/api/v1/jobs/{job_id}/batches?epoch=7")["data"],
        "weights": {name: array.tobytes() for name, array in load(weights).items()},
    }
