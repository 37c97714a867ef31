"""How long after its submit a job's first epoch can be read over HTTP, on an idle, warm local stack."""

import tempfile
import time
from pathlib import Path

from benchmarks.report import percentile, report
from tests.stack import TUTORIAL, Stack, local_stack

JOBS = 100
SPEC = TUTORIAL | {"epochs": 20}


def seconds_to_first_epoch(stack: Stack) -> float:
    """Submit, then ask for the metrics until one row is there."""
    began = time.perf_counter()
    job_id = stack.submit(SPEC)
    while not stack.json(f"/api/v1/jobs/{job_id}/metrics")["data"]:
        time.sleep(0.001)
    seconds = time.perf_counter() - began
    stack.finished(job_id)
    return seconds


def main() -> None:
    """Measure one job after the other, each on an idle stack."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder) / "data", "--workers", "1") as stack:
        for _ in range(5):
            seconds_to_first_epoch(stack)
        seconds = [seconds_to_first_epoch(stack) for _ in range(JOBS)]
    report(
        "submit_to_first_epoch",
        [
            f"{JOBS} jobs, one after the other, the first epoch's row read over HTTP:",
            "",
            "| p50 | p90 | p99 | largest |",
            "|---|---|---|---|",
            f"| {percentile(seconds, 0.5) * 1000:.0f} ms | {percentile(seconds, 0.9) * 1000:.0f} ms "
            f"| {percentile(seconds, 0.99) * 1000:.0f} ms | {max(seconds) * 1000:.0f} ms |",
            "",
            f"Bar: p50 under 150 ms, none of 1 s or more ({sum(s >= 1 for s in seconds)} seen).",
        ],
    )


if __name__ == "__main__":
    main()
