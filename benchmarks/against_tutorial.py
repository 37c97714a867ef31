"""The tutorial's job over HTTP on a warm stack, beside `python tutorial.py` from a cold start, in turn."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.report import report
from tests.stack import TUTORIAL, Stack, local_stack

ROUNDS = 7


def ours(stack: Stack) -> float:
    """Return the seconds from the submit to the finished job."""
    began = time.perf_counter()
    job = stack.finished(stack.submit(TUTORIAL))
    seconds = time.perf_counter() - began
    assert job["status"] == "succeeded", job["error"]
    assert job["best"]["value"] < 10
    return seconds


def cold() -> float:
    """Return the seconds of the script, interpreter start included."""
    began = time.perf_counter()
    subprocess.run([sys.executable, Path(__file__).with_name("tutorial.py")], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Run both ABBA, after one round that warms the disk cache and the stack."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder) / "data", "--workers", "1") as stack:
        ours(stack), cold()
        served, script = [], []
        for turn in range(ROUNDS):
            for run in (ours, cold) if turn % 2 == 0 else (cold, ours):
                (served if run is ours else script).append(ours(stack) if run is ours else cold())
    ratio = median(script) / median(served)
    report(
        "against_tutorial",
        [
            f"| {ROUNDS} rounds, in turn | median | min to max |",
            "|---|---|---|",
            f"| submit to succeeded, warm stack | {median(served):.2f} s | {min(served):.2f} to {max(served):.2f} s |",
            f"| `python tutorial.py`, cold | {median(script):.2f} s | {min(script):.2f} to {max(script):.2f} s |",
            "",
            f"The service answers **{ratio:.1f} times** as fast as the script (bar: faster).",
        ],
    )


if __name__ == "__main__":
    main()
