"""Training a table in memory: our engine beside the tutorial's loop and four libraries, and beside its own bound.

Every repetition is a process of its own, in the order A B ... B A. Rows per second count the training rows of every
epoch over the wall time of the fit, validation included; imports, reading the rows and building are not measured.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.peers.work import FEATURES, Work, as_argument, write_examples
from benchmarks.report import report

TUTORIAL, OURS, BOUND = "tutorial loop", "ours", "bound"
#: The module of each runner.
RUNNERS = {
    TUTORIAL: "tutorial",
    "scikit-learn": "scikit_learn",
    "skorch": "skorch_net",
    "Lightning": "lightning_trainer",
    "Keras": "keras_model",
    OURS: "ours",
    BOUND: "bound",
}
WITH_OUR_LIBRARIES = {TUTORIAL, OURS, BOUND}
WORSE = 1.01  #: a validation cost above the tutorial loop's times this makes a run void
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
ON_CPU = {"CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "torch", "KERAS_TORCH_DEVICE": "cpu"}


@dataclass
class Runs:
    """What one runner told, repetition by repetition, or why it is not run."""

    told: list[dict[str, object]] = field(default_factory=list)
    not_run: str | None = None

    def numbers(self, name: str) -> list[float]:
        """Return one of the numbers that every repetition told."""
        return [float(str(one[name])) for one in self.told]

    @property
    def speed(self) -> float:
        """Median rows per second."""
        return median(self.numbers("rows_per_second"))

    @property
    def val_cost(self) -> float:
        """Median validation cost."""
        return median(self.numbers("val_cost"))


def run(name: str, work: Work, python_of_peers: Path) -> dict[str, object]:
    """Return what a runner told of one fit in a fresh process.

    Raises: CalledProcessError; FileNotFoundError without the peers' interpreter.
    """
    python = sys.executable if name in WITH_OUR_LIBRARIES else str(python_of_peers)
    done = subprocess.run(
        [python, "-m", f"benchmarks.peers.{RUNNERS[name]}", as_argument(work)],
        env=os.environ | ONE_THREAD | ON_CPU | {"KERAS_HOME": work.folder},
        check=True,
        capture_output=True,
        text=True,
    )
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


def measure(names: list[str], work: Work, repetitions: int, python_of_peers: Path) -> dict[str, Runs]:
    """Run all in turn, each repetition with a seed of its own. A runner that fails is left out from then on."""
    runs = {name: Runs() for name in names}
    for turn in range(repetitions):
        asked = Work(work.folder, work.rows, work.epochs, work.batch_size, work.hidden, seed=work.seed + turn)
        for name in names if turn % 2 == 0 else reversed(names):
            if runs[name].not_run:
                continue
            try:
                runs[name].told.append(run(name, asked, python_of_peers))
            except FileNotFoundError:
                runs[name].not_run = f"no {python_of_peers}"
            except subprocess.CalledProcessError as failed:
                runs[name].not_run = (failed.stderr.strip().splitlines() or ["said nothing"])[-1]
            print(f"{turn + 1}/{repetitions} {name}: {runs[name].not_run or runs[name].told[-1]}", file=sys.stderr)
    return runs


def void(runs: Runs, tutorial: Runs) -> bool:
    """Return whether a runner is fast because it learns worse."""
    return not runs.val_cost <= WORSE * tutorial.val_cost  # a NaN is void, too


def table(runs: dict[str, Runs]) -> list[str]:
    """Return the table of all runners but the bound, which trains nothing."""
    tutorial = runs[TUTORIAL]
    lines = [
        "| runner | rows/s, median | min to max | times the tutorial loop | validation cost | peak MiB | version |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, own in runs.items():
        if name == BOUND:
            continue
        if own.not_run:
            lines.append(f"| {name} | not run | | | | | {own.not_run.replace('|', '/')[:120]} |")
            continue
        speeds = own.numbers("rows_per_second")
        times = "void" if void(own, tutorial) else f"{own.speed / tutorial.speed:.2f}"
        lines.append(
            f"| {name} | {own.speed:,.0f} | {min(speeds):,.0f} to {max(speeds):,.0f} | {times} | {own.val_cost:.4f} "
            f"| {median(own.numbers('peak_rss_mib')):.0f} | {own.told[-1]['version']} |"
        )
    return lines


def verdict(runs: dict[str, Runs]) -> list[str]:
    """Return in words how our engine compares with the best valid peer and with its bound."""
    ours, bound = runs[OURS], runs.get(BOUND)
    if ours.not_run:
        return ["Our engine did not run."]
    if void(ours, runs[TUTORIAL]):
        return [f"Our engine's run is **void**: its validation cost is above {WORSE} times the tutorial loop's."]
    peers = {n: own for n, own in runs.items() if n not in {OURS, BOUND} and not own.not_run}
    best = max((n for n, own in peers.items() if not void(own, runs[TUTORIAL])), key=lambda n: peers[n].speed)
    times = ours.speed / peers[best].speed
    lines = [f"Ours trains **{times:.2f} times** the rows per second of the best peer, {best}."]
    if bound and not bound.not_run:
        lines += [
            "",
            f"Its step alone, on one resident batch, takes {bound.speed:,.0f} rows/s: ours, with data and validation, "
            f"reaches **{ours.speed / bound.speed:.2f}** of that bound.",
        ]
    return lines


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="of which a fifth validates")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 64])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--peers", nargs="*", choices=sorted(set(RUNNERS) - {TUTORIAL, OURS, BOUND}), help="which only")
    parser.add_argument("--python-of-peers", type=Path, default=Path(".venv-peers/bin/python"))
    return parser.parse_args()


def main() -> None:
    """Write the rows, measure, report; fail if ours or the tutorial's loop did not run or ours is void."""
    given = arguments()
    chosen = {TUTORIAL, OURS, BOUND, *(RUNNERS if given.peers is None else given.peers)}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        write_examples(Path(folder), given.rows)
        work = Work(folder, given.rows, given.epochs, given.batch, given.hidden, seed=0)
        runs = measure([name for name in RUNNERS if name in chosen], work, given.repetitions, given.python_of_peers)
    if runs[TUTORIAL].not_run:
        sys.exit(f"The tutorial's loop did not run, so nothing can be compared: {runs[TUTORIAL].not_run}")
    net = "-".join(map(str, [FEATURES, *given.hidden, 1]))
    report(
        f"in_memory_{given.rows}_rows_batch_{given.batch}_mlp_{net}",
        [
            f"{given.rows:,} x {FEATURES} float32, a fifth validates after each of {given.epochs} epochs; MLP {net}, "
            f"batch {given.batch}, Adam, MSE, one thread; {given.repetitions} repetitions in turn; load {load:.1f} "
            "before the start.",
            "",
            *table(runs),
            "",
            *verdict(runs),
        ],
    )
    if runs[OURS].not_run or void(runs[OURS], runs[TUTORIAL]):
        sys.exit(1)


if __name__ == "__main__":
    main()
