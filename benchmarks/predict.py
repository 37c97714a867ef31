"""Predictions a second over HTTP, 8 connections: ours beside FastAPI, LitServe, BentoML, MLflow and a bare Flask route.

    python -m benchmarks.predict [--python-of-peers PYTHON] [--seconds S] [--rounds N]

The servers have one core and the load another. All serve the same weights, an MLP 64-64 over 30 numbers; their answers
are compared before anything is measured, and they are measured in turn, forwards and backwards. What is measured of
ours alone is in `benchmarks/many_models.py`.
"""

import argparse
import csv
import io
import json
import os
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import load
from benchmarks.many_models import many_models
from benchmarks.prediction_servers import FEATURES, Servers, all_servers
from benchmarks.report import percentile, report
from tests.valkey import valkey_server

SERVER_CORE, LOAD_CORE = sorted(os.sched_getaffinity(0))[:2]
JSON, CSV, NPY, ARROW = "application/json", "text/csv", "application/x-npy", "application/vnd.apache.arrow.stream"
BYTES = "application/octet-stream"
Read = Callable[[bytes], np.ndarray]


@dataclass(frozen=True)
class Way:
    """One way to ask one server for the same predictions."""

    name: str
    port: int
    path: str
    media: str
    body: bytes
    read: Read | None  #: from the body of an answer to its predictions; None: it predicts nothing
    headers: tuple[tuple[str, object], ...] = ()


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python-of-peers", type=Path, default=Path(".venv-peers/bin/python"))
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    span = arguments.seconds, arguments.rounds
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        os.sched_setaffinity(0, {SERVER_CORE})  # what is started now inherits it
        redis = stack.enter_context(valkey_server(folder / "valkey"))
        with all_servers(folder, redis, arguments.python_of_peers) as servers:
            os.sched_setaffinity(0, {LOAD_CORE})
            lines = [f"Not run, for it could not be started: {', '.join(servers.absent)}.\n"] * bool(servers.absent)
            for title, ways in _questions(servers):
                lines += _measured(title, ways, *span)
                report("predict", lines)  # after each, so that what is measured is kept
        lines += many_models(folder / "many", redis, {SERVER_CORE}, {LOAD_CORE})
    report("predict", lines)


def _questions(servers: Servers) -> Iterator[tuple[str, list[Way]]]:
    yield "1 row", [*_by_json(servers, _rows(1)), _empty(servers, _rows(1))]
    yield "1,000 rows", _by_json(servers, _rows(1_000))
    yield f"10,000 rows x {FEATURES}", _by_anything(servers, _rows(10_000))
    yield "with diagnostics", _with_diagnostics(servers)


def _rows(count: int) -> np.ndarray:
    """Return rows, (count, FEATURES) float32."""
    return np.random.default_rng(1).normal(0, 2, (count, FEATURES)).round(3).astype(np.float32)


def _json(rows: np.ndarray, key: str) -> bytes:
    return json.dumps({key: rows.astype(np.float64).round(3).tolist()}).encode()


def _predictions(body: bytes) -> np.ndarray:
    return np.array(json.loads(body)["predictions"])


def _by_json(servers: Servers, rows: np.ndarray) -> list[Way]:
    path = f"/api/v1/jobs/{servers.job}/predict"
    found = [Way("Batchyard, JSON", servers.port, path, JSON, _json(rows, "x"), _predictions)]
    for name, port in servers.peers.items():
        address, key = ("/invocations", "inputs") if name == "MLflow" else ("/predict", "x")
        found.append(Way(f"{name}, JSON", port, address, JSON, _json(rows, key), _predictions))
    return found


def _empty(servers: Servers, rows: np.ndarray) -> Way:
    return Way("an empty Flask route", servers.empty, "/predict", JSON, _json(rows, "x"), None)


def _by_anything(servers: Servers, rows: np.ndarray) -> list[Way]:
    """Return ours in its fast formats, and every peer in each format that it takes."""
    path = f"/api/v1/jobs/{servers.job}/predict"
    arrow, npy = io.BytesIO(), io.BytesIO()
    table = pa.table({f"x{n}": rows[:, n] for n in range(FEATURES)})
    with pa.ipc.new_stream(arrow, table.schema) as stream:
        stream.write_table(table)
    np.save(npy, rows)
    tensor = {"name": "x", "shape": rows.shape, "datatype": "FP32", "parameters": {"binary_data_size": rows.nbytes}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    infer, length = f"/v2/models/{servers.job}/infer", ("Inference-Header-Content-Length", len(head))
    found = [
        Way("Batchyard, Arrow", servers.port, path, ARROW, arrow.getvalue(), _of_arrow),
        Way("Batchyard, NPY", servers.port, path, NPY, npy.getvalue(), lambda body: np.load(io.BytesIO(body))),
        Way("Batchyard, /v2 binary", servers.port, infer, BYTES, head + rows.tobytes(), _of_tail(len(rows)), (length,)),
        *_by_json(servers, rows)[1:],
    ]
    if port := servers.peers.get("MLflow"):
        text = io.StringIO()
        csv.writer(text).writerows([table.column_names, *rows.astype(np.float64).round(3).tolist()])
        found.append(Way("MLflow, CSV", port, "/invocations", CSV, text.getvalue().encode(), _predictions))
    if port := servers.peers.get("FastAPI"):
        raw = Way("FastAPI, bare bytes", port, "/predict-binary", BYTES, rows.tobytes(), _of_tail(len(rows)))
        found.append(raw)
    return found


def _of_arrow(body: bytes) -> np.ndarray:
    found: np.ndarray = pa.ipc.open_stream(body).read_all()["prediction"].to_numpy()
    return found


def _of_tail(rows: int) -> Read:
    return lambda body: np.frombuffer(body[-4 * rows :], dtype=np.float32)


def _with_diagnostics(servers: Servers) -> list[Way]:
    path, found = f"/api/v1/jobs/{servers.job}/predict", []
    for rows in (1, 1_000):
        body = _json(_rows(rows), "x")
        for name, query in (("without", ""), ("with", "?diagnostics=true")):
            found.append(Way(f"{rows:,} row(s), {name}", servers.port, path + query, JSON, body, _predictions))
    return found


def _check_equal(ways: list[Way]) -> None:
    """Refuse to measure servers that do not answer the same."""
    known: dict[int, np.ndarray] = {}
    for way in ways:
        if way.read is None:
            continue
        headers = {"Content-Type": way.media, **{name: str(value) for name, value in way.headers}}
        sent = urllib.request.Request(f"http://127.0.0.1:{way.port}{way.path}", way.body, headers)
        answer = way.read(urllib.request.urlopen(sent, timeout=60).read())
        np.testing.assert_allclose(answer, known.setdefault(len(answer), answer), rtol=1e-5, atol=1e-5)


def _measured(title: str, ways: list[Way], seconds: float, rounds: int) -> list[str]:
    _check_equal(ways)
    speeds: dict[str, list[float]] = {way.name: [] for way in ways}
    latencies: dict[str, list[float]] = {way.name: [] for way in ways}
    requests = {way.name: load.request(way.path, way.body, way.media, **dict(way.headers)) for way in ways}
    for way in ways:
        load.run(way.port, requests[way.name], seconds=0.5)
    for n in range(rounds):
        for way in ways if n % 2 == 0 else reversed(ways):
            found = load.run(way.port, requests[way.name], seconds=seconds)
            assert found.failures == 0, way.name
            speeds[way.name].append(found.per_second)
            latencies[way.name] += found.latencies_ms
    first = float(np.median(speeds[ways[0].name]))
    lines = [f"{title}, 8 connections, {rounds} rounds of {seconds:g} s in turn:", ""]
    lines += [
        "| | requests a second, median (lowest to highest) | p50 ms | p99 ms | the first to it |",
        "|---|---|---|---|---|",
    ]
    for name, found_speeds in speeds.items():
        median, p50, p99 = (float(np.median(found_speeds)), *(percentile(latencies[name], s) for s in (0.5, 0.99)))
        span = f"{median:,.0f} ({min(found_speeds):,.0f} to {max(found_speeds):,.0f})"
        lines.append(f"| {name} | {span} | {p50:.2f} | {p99:.2f} | {first / median:.2f} |")
    return [*lines, ""]


if __name__ == "__main__":
    main()
