"""The server's time for one submit, of this tree and of another checkout, asked in turn in one run.

`python -m benchmarks.submit OTHER` takes the path of another checkout, e.g. a git worktree of the last release. Each
tree answers in a process of its own, through Flask's client: no network, no worker, a database of its own.
"""

import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import IO

ROUNDS = 100
FIRST = 20  #: submits that only warm up
BAR = 0.6
SPEC = {
    "data": {"x": [[float(n), float(n % 3)] for n in range(12)], "y": [2.0 * n + 1 for n in range(12)]},
    "model": "linear",
    "epochs": 3,
}
HERE = Path(__file__).parents[1]


def answer(folder: str, url: str) -> None:
    """Submit a job for each number that is read; print the seconds that it took, and of a processor."""
    from api import create_app
    from services.db.engine import Database
    from services.db.schema import migrate
    from services.settings import Settings

    settings = replace(Settings(storage_dir=Path(folder)), redis_url="redis://127.0.0.1:1/0", database_url=url)
    with closing(Database(settings)) as database:
        migrate(database)
    app = create_app(settings)
    app.extensions["batchyard"].load_predictions()
    client = app.test_client()
    print("ready", flush=True)
    for line in sys.stdin:
        number = int(line)
        wall, cpu = time.perf_counter(), time.thread_time()
        response = client.post("/api/v1/jobs", json=SPEC | {"seed": number}, headers={"Idempotency-Key": f"k{number}"})
        took = (time.perf_counter() - wall, time.thread_time() - cpu)
        assert response.status_code == 202, response.get_data()
        print(json.dumps(took), flush=True)


def compared(other: Path, urls: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Return the medians, in ms, of the time and of a processor's time for one submit, by tree."""
    trees = {"before": other, "after": HERE}
    with tempfile.TemporaryDirectory() as folder:
        started = {name: _started(tree, Path(folder) / name, urls[name]) for name, tree in trees.items()}
        found: dict[str, list[list[float]]] = {name: [] for name in trees}
        for number in range(FIRST + ROUNDS):
            for name in list(trees) if number % 2 else list(trees)[::-1]:
                took = _asked(started[name], number)
                if number >= FIRST:
                    found[name].append(took)
        for process in started.values():
            process.kill()
            process.wait()
    return {name: (median(t[0] for t in took) * 1e3, median(t[1] for t in took) * 1e3) for name, took in found.items()}


def main() -> None:
    """Compare on both databases, report."""
    from benchmarks.report import report
    from tests.postgres import postgres_server

    other, lines = Path(sys.argv[1]).resolve(), []
    with postgres_server() as socket:
        for kind in ("sqlite", "postgresql"):
            urls = dict.fromkeys(("before", "after"), "")
            if kind == "postgresql":
                urls = {name: _created(socket, name) for name in urls}
            took = compared(other, urls)
            for what, n in (("time", 0), ("processor", 1)):
                before, after = took["before"][n], took["after"][n]
                verdict = "" if after <= BAR * before else " **missed**"
                lines.append(f"| {kind} | {what} | {before:.2f} | {after:.2f} | {after / before:.2f}{verdict} |")
                print(lines[-1], flush=True)
    table = ["| database | what | ms, before | ms, after | ratio |", "|---|---|---|---|---|", *lines]
    words = f"One submit of 12 inline rows with an Idempotency-Key; median of {ROUNDS}, both trees in turn."
    report("submit", [words, "", *table, "", f"Bar: {BAR} of the time before."])


def _created(socket: Path, name: str) -> str:
    from sqlalchemy import create_engine, text

    server = create_engine(f"postgresql+psycopg://postgres@/postgres?host={socket}", isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    server.dispose()
    return f"postgresql+psycopg://postgres@/{name}?host={socket}"


def _started(tree: Path, folder: Path, url: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(Path(__file__)), "--answer", str(folder), url]
    process = subprocess.Popen(
        command,
        cwd=tree,
        env={"PYTHONPATH": str(tree)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    _line(process.stdout)
    return process


def _asked(process: "subprocess.Popen[str]", number: int) -> list[float]:
    assert process.stdin is not None
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    return _line(process.stdout)


def _line(stream: IO[str] | None) -> list[float]:
    """Return the next thing that a tree says; its log is passed over."""
    assert stream is not None
    for line in stream:
        if line.startswith("ready"):
            return []
        with suppress(ValueError):
            found: list[float] = json.loads(line)
            return found
    raise AssertionError("a tree has ended")


if __name__ == "__main__":
    if sys.argv[1] == "--answer":
        answer(*sys.argv[2:])
    else:
        main()
