"""How long a job waits for an idle worker, from its submit on: ours beside four task queues on the same Valkey.

    python -m benchmarks.queues [--python-of-peers PYTHON]

A queue's time ends in the first line of its task's body, ours in the first line of the trainer, a process forked for
the job. A queue's submit is a call of its library in Python, ours a POST whose job is in SQLite, on the disk, when it
is answered. Every queue has two idle processes; one submit at a time, in turn. (Not `queue.py`: scripts in this folder
would import it in place of Python's own.)
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.report import percentile, report
from services.nudges import plain_url
from tests.stack import TUTORIAL, Stack, local_stack
from tests.valkey import valkey_server

SUBMITS = 200
WARM = 10  #: submits before, which are not counted
SLOTS = 2
REST_S = 0.02  #: between two submits, so that every worker is idle again
BAR_MS = 15
SPEC = TUTORIAL | {"epochs": 1}
REPOSITORY = Path(__file__).parents[1]
OURS = "Batchyard"
#: By a queue's name, its module in benchmarks/peers, the program of its worker and what that is told.
PEERS = {
    "Celery": (
        "celery_queue",
        ["celery", "-A", "{module}", "worker", "-c", f"{SLOTS}", "-l", "ERROR", "--without-gossip", "--without-mingle"],
    ),
    "RQ": ("rq_queue", ["rq", "worker-pool", "-q", "-u", "unix://{socket}?db=3", "-n", f"{SLOTS}", "marks"]),
    "Dramatiq": ("dramatiq_queue", ["dramatiq", "{module}", "-p", f"{SLOTS}", "-t", "1"]),
    "Huey": ("huey_queue", ["huey_consumer", "{module}.huey", "-w", f"{SLOTS}", "-k", "process", "-q"]),
}
Submit = Callable[[], float]


@contextmanager
def peer(name: str, python: Path, socket: str, folder: Path) -> Iterator[Submit]:
    """Start a queue's worker and a submitter; yield what submits a task and returns the seconds until it began."""
    module, words = PEERS[name]
    module = f"benchmarks.peers.{module}"
    environ = os.environ | {"PYTHONPATH": str(REPOSITORY), "QUEUE_SOCKET": socket, "PYTHONUNBUFFERED": "1"}
    program, *arguments = [word.format(module=module, socket=socket) for word in words]
    with open(folder / f"{name}.log", "w") as log:
        worker = subprocess.Popen(
            [python.parent / program, *arguments], env=environ, stdout=log, stderr=log, start_new_session=True
        )
        submitter = subprocess.Popen(
            [python, "-m", module], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert submitter.stdin
    assert submitter.stdout
    numbers = iter(range(10**9))

    def submit() -> float:
        assert submitter.stdin
        assert submitter.stdout
        submitter.stdin.write(f"{folder / f'{name}-{next(numbers)}'}\n")
        submitter.stdin.flush()
        return float(submitter.stdout.readline())

    try:
        yield submit
    finally:
        submitter.kill()
        worker.terminate()
        worker.wait(timeout=30)


@contextmanager
def ours(socket: str, folder: Path) -> Iterator[tuple[Submit, list[float]]]:
    """Start a stack; yield what submits a job and returns the seconds until it began, and the POSTs' own seconds."""
    marks = folder / "marks"
    marks.touch()
    path = f"{REPOSITORY / 'benchmarks' / 'peers' / 'marked'}:{REPOSITORY}"
    os.environ |= {"PYTHONPATH": path, "BENCHMARK_MARKS": str(marks)}
    answered: list[float] = []
    broker = f"redis+socket://{socket}?virtual_host=0"
    with local_stack(folder / "data", "--workers", str(SLOTS), "--redis-url", broker) as stack:
        yield lambda: _submit(stack, marks, answered), answered


def _submit(stack: Stack, marks: Path, answered: list[float]) -> float:
    began = time.monotonic()
    job_id = stack.submit(SPEC)
    answered.append(time.monotonic() - began)
    stack.finished(job_id)
    moments = dict(line.split() for line in marks.read_text().splitlines())
    return float(moments[job_id]) - began


def main() -> None:
    """Submit to each in turn, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python-of-peers", type=Path, default=Path(".venv-peers/bin/python"))
    python = parser.parse_args().python_of_peers.absolute()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = plain_url(stack.enter_context(valkey_server(folder)))
        socket = url.removeprefix("unix://").partition("?")[0]
        submits = {name: stack.enter_context(peer(name, python, socket, folder)) for name in PEERS}
        submits[OURS], answered = stack.enter_context(ours(socket, folder))
        found: dict[str, list[float]] = {name: [] for name in submits}
        for turn in range(WARM + SUBMITS):
            for name in list(submits) if turn % 2 else list(submits)[::-1]:
                seconds = submits[name]()
                if turn >= WARM:
                    found[name].append(seconds)
                time.sleep(REST_S)
    answers = answered[WARM:]
    milliseconds = {name: [percentile(took, share) * 1e3 for share in (0.5, 0.99)] for name, took in found.items()}
    lines = [f"| {name} | {p50:.1f} | {p99:.1f} |" for name, (p50, p99) in milliseconds.items()]
    lines.append(f"| of ours, until the POST is answered | {percentile(answers, 0.5) * 1e3:.1f} ")
    lines[-1] += f"| {percentile(answers, 0.99) * 1e3:.1f} |"
    best = [min(milliseconds[name][n] for name in PEERS) for n in (0, 1)]
    behind = [milliseconds[OURS][n] - best[n] for n in (0, 1)]
    versions = subprocess.run([python, "-c", VERSIONS], check=True, capture_output=True, text=True).stdout.strip()
    report(
        "queues",
        [
            f"{SUBMITS} submits each, one at a time, in turn, to {SLOTS} idle processes of each, all on one Valkey: ms "
            "until the body of the task, and our trainer, begins.",
            "",
            "| queue | p50 | p99 |",
            "|---|---|---|",
            *lines,
            "",
            f"Ours begins {behind[0]:.1f} ms (p50) and {behind[1]:.1f} ms (p99) after the best "
            f"(bar: {BAR_MS} ms{'' if max(behind) <= BAR_MS else ', **missed**'}). Peers: {versions}.",
        ],
    )


VERSIONS = """
from importlib.metadata import version
print(", ".join(f"{name} {version(name)}" for name in ("celery", "rq", "dramatiq", "huey", "redis")))
"""

if __name__ == "__main__":
    main()
