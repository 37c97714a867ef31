"""What reading in blocks costs in quality: rows sorted by their target, block-shuffled and fully shuffled, 10 seeds.

    python -m benchmarks.block_shuffle [--rows 1500000]

The rows are five times what the buffer mixes at once, and the validation rows and first weights of a seed are the same.
"""

import argparse
from statistics import mean, stdev

import numpy as np

from benchmarks.out_of_core import FEATURES, JOB, rows_sorted_by_target
from benchmarks.report import report
from services.columns import Column, TableInfo
from services.specs.resolve.resolution import Limits, resolve
from services.specs.schema.job import JobSpec
from services.training.build import build, settle_process
from services.training.input import table_access
from services.training.model_summary import summary

SEEDS = 10
EPOCHS = 3
MOST = 0.03  #: by so much, relatively, the cost may be higher


def cost(table: np.ndarray, seed: int, *, in_blocks: bool) -> float:
    """Return the validation cost after three epochs."""
    table_access.IN_MEMORY_BYTES = 0 if in_blocks else 1 << 40
    columns = [Column(f"x{n}", "number", min=-9.0, max=9.0) for n in range(FEATURES)]
    info = TableInfo(len(table), [*columns, Column("y", "number", min=0.0, max=1.0)])
    job = JobSpec.model_validate(JOB | {"epochs": EPOCHS, "seed": seed, "early_stopping": False})
    limits = Limits(epochs=10, parameters=10**6)
    spec = resolve(
        job, info, dataset="ds_rows", suggested_target=None, cuda_online=False, limits=limits, measure=summary
    ).spec
    training = build(spec, info, table, last=None, stop_requested=lambda: None)
    return [epoch.val_cost or 0.0 for epoch in training.fit()][-1]


def main() -> None:
    """Train each seed both ways, report the differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_500_000)
    asked = parser.parse_args()
    settle_process()
    table = rows_sorted_by_target(asked.rows, 0, asked.rows, np.random.default_rng(0))
    costs = [(cost(table, seed, in_blocks=True), cost(table, seed, in_blocks=False)) for seed in range(SEEDS)]
    blocks, full = (mean(found) for found in zip(*costs, strict=True))
    differences = [ours / other - 1 for ours, other in costs]
    error = stdev(differences) / SEEDS**0.5
    report(
        "block_shuffle",
        [
            f"{asked.rows:,} rows sorted by target, MLP 32-64-64-1, batch 256, Adam, {EPOCHS} epochs, {SEEDS} seeds.",
            "",
            "| seed | cost, in blocks | cost, full shuffle | difference |",
            "|---|---|---|---|",
            *(f"| {n} | {a:.5f} | {b:.5f} | {a / b - 1:+.2%} |" for n, (a, b) in enumerate(costs)),
            f"| mean | {blocks:.5f} | {full:.5f} | {mean(differences):+.2%} ± {error:.2%} (standard error) |",
            "",
            f"Bar: no worse within the standard error, and at most {MOST:.0%}.",
        ],
    )


if __name__ == "__main__":
    main()
