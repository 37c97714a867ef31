"""200 small jobs submitted at once: all succeed, and how many a second, beside Celery's bare no-op rate."""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.report import report
from tests.stack import TUTORIAL, Stack, local_stack

JOBS = 200
SLOTS = 2
SPEC = TUTORIAL | {"epochs": 20}


def jobs_per_second(stack: Stack) -> tuple[float, float]:
    """Submit all at once; return the submits and the finished jobs per second."""
    began = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(lambda _: stack.submit(SPEC), range(JOBS)))
    submitted = time.perf_counter() - began
    for job_id in ids:
        job = stack.finished(job_id)
        assert job["status"] == "succeeded", job["error"]
        assert job["progress"]["epoch"] == 20
    return JOBS / submitted, JOBS / (time.perf_counter() - began)


def noops_per_second(broker: str) -> float:
    """Return the tasks per second of a bare Celery worker on the same broker, with as many processes."""
    os.environ["NOOP_BROKER"] = broker
    from benchmarks.noop import done

    options = ["--concurrency", str(SLOTS), "--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "benchmarks.noop:app", "worker", "--loglevel", "ERROR", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            warm, marks = Path(folder) / "warm", Path(folder) / "marks"
            done.delay(str(warm))
            _wait_for_bytes(warm, 1)
            began = time.perf_counter()
            for _ in range(JOBS * 5):
                done.delay(str(marks))
            _wait_for_bytes(marks, JOBS * 5)
            return JOBS * 5 / (time.perf_counter() - began)
    finally:
        worker.terminate()
        worker.wait(timeout=20)


def _wait_for_bytes(path: Path, count: int) -> None:
    while not path.exists() or path.stat().st_size < count:
        time.sleep(0.005)


def main() -> None:
    """Measure the service, then the bare queue on a Valkey of the same build."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder) / "data", "--workers", str(SLOTS)) as stack:
        stack.finished(stack.submit(SPEC))
        submits, jobs = jobs_per_second(stack)
        noops = noops_per_second(_broker(Path(folder) / "data"))
    report(
        "many_jobs",
        [
            f"{JOBS} of the tutorial's job with 20 epochs, submitted at once, {SLOTS} slots: all succeeded.",
            "",
            "| what | per second |",
            "|---|---|",
            f"| submits answered (16 at a time) | {submits:.0f} |",
            f"| jobs finished, from the first submit | {jobs:.1f} |",
            f"| no-op tasks of bare Celery, {SLOTS} processes, same broker | {noops:.0f} |",
        ],
    )


def _broker(folder: Path) -> str:
    return f"redis+socket://{next(folder.rglob('*.sock'))}?virtual_host=1"


if __name__ == "__main__":
    main()
