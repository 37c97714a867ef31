"""Predictions a second over HTTP, 8 connections: ours beside FastAPI with torch and an empty Flask route.

    python -m benchmarks.predict [--python-of-peers PYTHON] [--seconds S] [--rounds N]

The servers have one core and the load another. All serve the same weights, an MLP 64-64 over 30 numbers; their answers
are compared before anything is measured, and they are measured in turn, forwards and backwards.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from benchmarks import load
from benchmarks.report import percentile, report
from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.training.model_summary import summary
from services.training.predictor import Predictor
from services.wiring.base import Intake, base
from tests.make import make_job, train
from tests.served import served
from tests.valkey import valkey_server

FEATURES = 30
REPOSITORY = Path(__file__).parents[1]
SERVER_CORE, LOAD_CORE = sorted(os.sched_getaffinity(0))[:2]
Server = tuple[int, str]  #: port and path


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python-of-peers", default=".venv-peers/bin/python")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.sched_setaffinity(0, {SERVER_CORE})  # what is started now inherits it
        servers = _servers(Path(folder), Path(arguments.python_of_peers), stack)
        os.sched_setaffinity(0, {LOAD_CORE})
        lines = []
        for rows in (1, 1_000):
            body = json.dumps({"x": np.random.default_rng(1).normal(0, 2, (rows, FEATURES)).round(3).tolist()}).encode()
            _check_equal(servers, body)
            lines += _measured(servers, body, rows, arguments.seconds, arguments.rounds)
    report("predict", lines)


def _servers(folder: Path, python: Path, stack: ExitStack) -> dict[str, Server]:
    settings = Settings(storage_dir=folder / "data")
    database = Database(settings)
    migrate(database)
    rooms = base(settings, Intake(ModelSizes(summary)))
    random = np.random.default_rng(0)
    x = random.normal(0, 2, (400, FEATURES))
    y = (x[:, 0] * 2 - x[:, 1]).round(3)
    data = {"x": x.round(3).tolist(), "y": y.tolist(), "scale": "standard"}
    model = {"type": "mlp", "hidden": [64, 64], "number_embedding": None, "dropout": 0.0}
    job = train(rooms, make_job(rooms, data=data, model=model, epochs=3).id)
    content = rooms.lookup.content(rooms.lookup.checkpoint("local", job.id, "best"))
    weights = folder / "peer.safetensors"
    save_file(_plain(content), weights)
    redis = stack.enter_context(valkey_server(folder / "valkey"))
    ours = stack.enter_context(served(replace(settings), redis, folder / "log"))
    found: dict[str, Server] = {
        "Batchyard": (ours.port, f"/api/v1/jobs/{job.id}/predict"),
        "Batchyard, the usual way": (ours.port, f"/api/v1/jobs/{job.id}/predict?output=all"),
    }
    environ = os.environ | {"PEER_WEIGHTS": str(weights), "PYTHONPATH": str(REPOSITORY)}
    uvicorn = [str(python), "-m", "uvicorn", "--log-level", "warning", "--port", "{port}"]
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--port", "{port}"]
    found["FastAPI and torch"] = stack.enter_context(
        _started([*uvicorn, "benchmarks.peers.fastapi_predict:app"], environ)
    )
    found["an empty Flask route"] = stack.enter_context(
        _started([*granian, "--log-level", "error", "benchmarks.peers.empty_flask:app"], environ)
    )
    return found


def _plain(content: bytes) -> dict[str, torch.Tensor]:
    """Return the weights and the scalings as a user's own program would keep them."""
    predictor = Predictor.from_bytes(content)
    preprocessing = predictor.preprocessing
    found = {name: tensor.clone() for name, tensor in predictor.model.state_dict().items()}
    columns = [column.scaling for column in preprocessing.inputs]
    (target,) = preprocessing.target_scaling
    for name, scalings in (("", columns), ("target_", [target])):
        found[f"{name}shift"] = torch.tensor([scaling.shift for scaling in scalings])  # type: ignore[union-attr]
        found[f"{name}factor"] = torch.tensor([scaling.factor for scaling in scalings])  # type: ignore[union-attr]
    return found


@contextmanager
def _started(command: list[str], environ: dict[str, str]) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([word.format(port=port) for word in command], env=environ, cwd=REPOSITORY)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None, "a peer has ended"
                time.sleep(0.1)
        yield port, "/predict"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _check_equal(servers: dict[str, Server], body: bytes) -> None:
    answers = {}
    for name, (port, path) in servers.items():
        if "Flask" not in name:
            sent = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
            answers[name] = json.loads(urllib.request.urlopen(sent, timeout=30).read())["predictions"]
    first, *others = answers.values()
    for other in others:
        np.testing.assert_allclose(first, other, rtol=1e-5, atol=1e-6)


def _measured(servers: dict[str, Server], body: bytes, rows: int, seconds: float, rounds: int) -> list[str]:
    speeds: dict[str, list[float]] = {name: [] for name in servers}
    latencies: dict[str, list[float]] = {name: [] for name in servers}
    names = list(servers)
    for name in names:
        load.run(servers[name][0], load.request(servers[name][1], body), seconds=1.0)
    for n in range(rounds):
        for name in names if n % 2 == 0 else reversed(names):
            port, path = servers[name]
            found = load.run(port, load.request(path, body), seconds=seconds)
            assert found.failures == 0, name
            speeds[name].append(found.per_second)
            latencies[name] += found.latencies_ms
    lines = [f"{rows} row(s), JSON, 8 connections, {rounds} rounds of {seconds:g} s in turn:", ""]
    lines += [
        "| server | requests a second, median (lowest to highest) | p50 ms | p99 ms | ours to it |",
        "|---|---|---|---|---|",
    ]
    ours = float(np.median(speeds["Batchyard"]))
    for name, found_speeds in speeds.items():
        median, p50, p99 = (float(np.median(found_speeds)), *(percentile(latencies[name], s) for s in (0.5, 0.99)))
        span = f"{median:,.0f} ({min(found_speeds):,.0f} to {max(found_speeds):,.0f})"
        lines.append(f"| {name} | {span} | {p50:.2f} | {p99:.2f} | {ours / median:.2f} |")
    return [*lines, ""]


if __name__ == "__main__":
    main()
