"""What is measured of our server alone: cold models, a thousand through a small cache, answers beside a training."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from benchmarks import load
from benchmarks.report import percentile
from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings
from tests.served import Served, served

MODELS, CACHED, ZIPF = 1_000, 100, 1.1
WEIGHT_BYTES = 50_000  #: of an MLP 96-96 over 30 numbers, nearly
SECONDS, PER_SECOND, TIMES = 20.0, 200.0, 3
RANDOM = np.random.default_rng(2)
ROW = json.dumps({"x": RANDOM.normal(0, 2, (1, 30)).round(3).tolist()}).encode()
BUSY = {"data": {"builtin": "digits"}, "model": {"type": "mlp", "hidden": [256, 256]}, "epochs": 100_000}
Cores = set[int]


def many_models(folder: Path, redis: str, servers: Cores, loads: Cores) -> list[str]:
    """Measure, and return the lines of the report."""
    settings = Settings(storage_dir=folder, redis_url=redis)
    database = Database(settings)
    migrate(database)
    database.close()
    os.sched_setaffinity(0, servers)
    with ExitStack() as stack:
        more = {"model_cache_bytes": CACHED * WEIGHT_BYTES}
        ours = stack.enter_context(served(settings, redis, folder / "api.log", **more))
        http = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{ours.port}/api/v1", timeout=120))
        os.sched_setaffinity(0, servers | loads)  # the trainer takes what it gets
        stack.enter_context(_worker(settings, folder / "worker.log"))
        digests = _registered(http)
        os.sched_setaffinity(0, loads)
        return [*_cold(ours, digests), *_zipf(ours, http, digests), *_beside_training(ours, http)]


@contextmanager
def _worker(settings: Settings, log: Path) -> Iterator[None]:
    environ = os.environ | {
        "BATCHYARD_STORAGE_DIR": str(settings.storage),
        "BATCHYARD_DATABASE_URL": settings.sqlalchemy_url,
        "BATCHYARD_REDIS_URL": settings.redis_url,
    }
    with open(log, "w") as output:
        command = [sys.executable, "-m", "local.parts", "worker", "--concurrency", "1"]
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def _registered(http: httpx2.Client) -> list[str]:
    """Train two jobs that keep every epoch's weights, register each epoch as a model; return the weights' digests."""
    model = {"type": "mlp", "hidden": [96, 96], "number_embedding": None, "dropout": 0.0}
    x = RANDOM.normal(0, 2, (40, 30)).round(3)
    data = {"x": x.tolist(), "y": x[:, 0].tolist()}
    keep = {"every_epochs": 1}
    digests: list[str] = []
    for seed in range(2):
        spec = {"name": f"many-{seed}", "seed": seed, "data": data, "model": model, "checkpoint": keep}
        more = {"epochs": MODELS // 2, "early_stopping": False, "batch_size": 32}
        job = _answer(http.post("/jobs", json=spec | more))["id"]
        while _answer(http.get(f"/jobs/{job}"))["status"] not in {"succeeded", "failed"}:
            time.sleep(0.5)
        for epoch in range(1, MODELS // 2 + 1):
            wanted = {"job": job, "checkpoint": f"epoch:{epoch}"}
            name = f"m{len(digests)}"
            digests.append(_answer(http.post(f"/models/{name}/versions", json=wanted))["weights_sha256"])
    return digests


def _cold(ours: Served, digests: list[str]) -> list[str]:
    """Ask each model once, one after another: none of them is in memory."""
    requests = [load.request(f"/api/v1/models/m{n}/predict", ROW) for n in range(MODELS)]
    found = load.stream(ours.port, requests, seconds=600, connections=1, keep=True)
    _check(found, digests, range(MODELS))
    p50, p99 = (percentile(found.latencies_ms, share) for share in (0.5, 0.99))
    print(f"cold: p50 {p50:.2f} ms, p99 {p99:.2f} ms", flush=True)
    return [f"Cold, from SQL to the answer, 50 KB of weights: p50 {p50:.2f} ms, p99 {p99:.2f} ms.", ""]


def _zipf(ours: Served, http: httpx2.Client, digests: list[str]) -> list[str]:
    """Ask models in the order of Zipf while an alias of the first one moves every second."""
    _answer(http.post("/models/m0/versions", json={"job": "many-1", "checkpoint": "epoch:7"}))
    _answer(http.put("/models/m0/aliases/champion", json={"version": 1}))
    ranks = np.minimum(RANDOM.zipf(ZIPF, 200_000) - 1, 10**9)
    order = [int(n) for n in ranks[ranks < MODELS]]
    paths = [f"/api/v1/models/m{n}{'@champion' if n == 0 else ''}/predict" for n in range(MODELS)]
    moves: list[int] = []
    stop = threading.Event()

    def move() -> None:
        while not stop.wait(1.0):
            moves.append(2 - len(moves) % 2)
            _answer(http.put("/models/m0/aliases/champion", json={"version": moves[-1]}))

    mover = threading.Thread(target=move)
    mover.start()
    requests = (load.request(paths[n], ROW) for n in order)
    found = load.stream(ours.port, requests, seconds=SECONDS, keep=True)
    stop.set()
    mover.join()
    versions = _check(found, digests, order)
    p50, p99 = (percentile(found.latencies_ms, share) for share in (0.5, 0.99))
    print(f"in Zipf order: {found.failures} failures, p50 {p50:.2f} ms, p99 {p99:.2f} ms", flush=True)
    return [
        f"{MODELS:,} models in Zipf order ({ZIPF}) through a cache of {CACHED}, an alias moved {len(moves)} times: "
        f"{len(found.latencies_ms):,} answers, {found.failures} failures, each with the weights that it names; "
        f"versions {sorted(versions)} answered for the alias; p50 {p50:.2f} ms, p99 {p99:.2f} ms.",
        "",
    ]


def _check(found: load.Load, digests: list[str], order: Any) -> set[int]:
    """Refuse an answer by other weights than those of the model asked; return the versions of the first model."""
    versions = set()
    for number, answer in found.answers.items():
        n = order[number]
        told = json.loads(answer.partition(b"\r\n\r\n")[2])
        if n == 0:
            versions.add(told["model"]["version"])
            digest = digests[0] if told["model"]["version"] == 1 else digests[MODELS // 2 + 6]
            assert told["weights_sha256"] == digest
        else:
            assert told["weights_sha256"] == digests[n], n
    return versions


def _beside_training(ours: Served, http: httpx2.Client) -> list[str]:
    """Compare latencies at a fixed rate with and without a training on the same machine, in turn."""
    sent = load.request("/api/v1/models/m1/predict", ROW)
    load.run(ours.port, sent, seconds=1.0)
    idle, busy = [], []
    for n in range(TIMES):
        idle.append(_p99(ours, sent))
        job = _answer(http.post("/jobs", json=BUSY | {"name": f"busy-{n}", "early_stopping": False}))["id"]
        while not _answer(http.get(f"/jobs/{job}"))["progress"]:  # it has begun
            time.sleep(0.2)
        busy.append(_p99(ours, sent))
        http.post(f"/jobs/{job}/cancel")
        while _answer(http.get(f"/jobs/{job}"))["status"] != "cancelled":
            time.sleep(0.2)
    middle = [float(np.median(values)) for values in (idle, busy)]
    return [
        f"At {PER_SECOND:g} requests a second, p99 of one row: {middle[0]:.2f} ms alone, {middle[1]:.2f} ms while a "
        f"worker trains ({middle[1] / middle[0]:.2f} times; medians of {TIMES} turns of {SECONDS / 2:g} s).",
        "",
    ]


def _p99(ours: Served, sent: bytes) -> float:
    found = load.paced(ours.port, sent, per_second=PER_SECOND, seconds=SECONDS / 2)
    assert found.failures == 0
    return percentile(found.latencies_ms, 0.99)


def _answer(response: httpx2.Response) -> Any:
    assert response.is_success, response.text
    return response.json()
