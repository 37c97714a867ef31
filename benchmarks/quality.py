"""Our defaults beside scikit-learn's, on real tables: the same training rows in, the same test rows out.

    .venv/bin/pip install --no-deps -r benchmarks/peers/requirements-quality.txt
    .venv/bin/python -m benchmarks.quality --models '{"model": "mlp"}' '{"model": {"type": "tabm"}}'

Our engine gets a CSV of the training rows, as an upload would bring it, and answers from the bytes of its checkpoint.
"""

import argparse
import csv
import json
import math
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.quality_tables import CHOSEN_ON, HELD_OUT, TABLES, Cell, Table
from benchmarks.quality_yardsticks import Columns, score, split, yardsticks
from benchmarks.report import report
from services.datasets.ingest import ingest
from services.datasets.table_limits import TableLimits
from services.predictions.decoder import cells_of
from services.specs.resolve.resolution import Limits, resolve
from services.specs.schema.job import JobSpec
from services.specs.schema.predict import Predict
from services.training.build import build
from services.training.model_summary import summary
from services.training.predictor import Predictor

LIMITS = Limits(epochs=100_000, parameters=50_000_000)
NEAR = 1.02  #: at most so many times the error of the best, or the best accuracy divided by it
MLPS = ("sklearn's MLP", "the same, target scaled")
OTHERS = ("linear", "forest", "boosting")

Runs = dict[str, dict[str, list[tuple[float, float]]]]  #: by table and method: score and CPU seconds of each seed


def ours(table: Table, given: dict[str, Any], train: Columns, test: Columns, seed: int) -> list[Any]:
    """Train a job as a worker would; return what its best checkpoint predicts for the test rows."""
    with tempfile.TemporaryDirectory() as folder:
        original, cells = Path(folder) / "train.csv", Path(folder) / "table"
        _write_csv(original, train)
        info = ingest(original, cells, name="train.csv", limits=TableLimits()).info
        rows = np.fromfile(cells, dtype="<f4").reshape(info.rows, len(info.columns))
    classes = len(set(train[table.target]))
    task = "regression" if table.task == "regression" else "binary" if classes == 2 else "multiclass"
    asked = {"task": task, "seed": seed, "device": "cpu", **given, "data": {"dataset": "rows", "target": table.target}}
    spec = resolve(
        JobSpec.model_validate(asked),
        info,
        dataset="rows",
        suggested_target=None,
        cuda_online=False,
        limits=LIMITS,
        measure=summary,
    ).spec
    training = build(spec, info, rows, last=None, stop_requested=lambda: None)
    for costs in training.fit():
        if not math.isfinite(costs.train_cost):
            raise ArithmeticError(f"the training cost is {costs.train_cost} in epoch {costs.epoch}")
        if training.best.improved(costs):
            training.keep_best()
        if training.patience and training.patience.is_over(costs):
            break
    predictor = Predictor.from_bytes(training.best_bytes())
    asked_for = [dict(zip(test, cells, strict=True)) for cells in zip(*test.values(), strict=True)]
    wanted = [{name: cell for name, cell in row.items() if name != table.target} for row in asked_for]
    decoded, _ = cells_of(Predict.model_validate({"records": wanted}), predictor.preprocessing)
    if table.task == "regression":
        return predictor.values(decoded)[:, 0].tolist()
    known = predictor.preprocessing.classes or []
    return [known[n] for n in predictor.probabilities(decoded).argmax(1).tolist()]


def run(name: str, seed: int, models: list[str]) -> list[tuple[str, str, int, float | str, float]]:
    """Return the score, or the words of an error of ours, and the CPU seconds of each method on a table and a seed."""
    table = TABLES[name]()
    found: list[tuple[str, str, int, float | str, float]] = []
    train, test = split(table, seed)
    with threadpool_limits(1):
        for method, predict in yardsticks(table, seed).items():
            began = time.process_time()
            predicted = predict(train, test)
            found.append((name, method, seed, score(table, train, test, predicted), time.process_time() - began))
        for model in models:
            began = time.process_time()
            result: float | str
            try:
                result = score(table, train, test, ours(table, json.loads(model), train, test, seed))
            except Exception as error:
                result = f"{type(error).__name__}: {error}"
            found.append((name, model, seed, result, time.process_time() - began))
    return found


def main() -> None:
    """Run every method on every table and seed, and say how often ours keeps up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES), metavar="TABLE")
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--models", nargs="*", default=['{"model": "mlp"}'], help="job specs without data, as JSON")
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    runs: Runs = defaultdict(lambda: defaultdict(list))
    failures = []
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        todo = list(product(asked.tables, range(asked.seeds)))
        for found in pool.map(run, *zip(*todo, strict=True), [asked.models] * len(todo)):
            for name, method, seed, result, seconds in found:
                if isinstance(result, str):
                    failures.append(f"FAILED: {method} on {name}, seed {seed}: {result}")
                    print(failures[-1], flush=True)
                else:
                    runs[name][method].append((result, seconds))
            print(f"done: {found[0][0]}, seed {found[0][2]}", flush=True)
    lines = _lines(runs, asked.models, asked.seeds, failures)
    if set(asked.tables) == set(TABLES):
        report("quality", lines)
    else:
        print("\n".join([*lines, "", "Not written: these are not all tables."]))


def _lines(runs: Runs, models: list[str], seeds: int, failures: list[str]) -> list[str]:
    methods = [*MLPS, *OTHERS, *models]
    lines = [
        f"Means over {seeds} seeds ± their standard deviation, a fifth of the rows tested, drawn anew by each seed.",
        "Classification: accuracy in percent. Regression: RMSE in percent of that of the training rows' mean.",
    ]
    for title, tables in (("Chosen on", CHOSEN_ON), ("Held out", HELD_OUT)):
        lines += [
            "",
            f"## {title}",
            "",
            f"| table | {' | '.join(map(_code, methods))} |",
            "|---" * (len(methods) + 1) + "|",
        ]
        for name in [name for name in tables if name in runs]:
            cells = [_cell(runs[name][method], seeds) for method in methods]
            lines.append(f"| {name} ({_better(name)}) | {' | '.join(cells)} |")
    lines += [
        "",
        "## Counts",
        "",
        "| ours | tables | ≥ sklearn's MLP | ≥ with target scaled | near the best of the others | CPU s a job |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for model in models:
        for title, tables in (("chosen on", CHOSEN_ON), ("held out", HELD_OUT), ("all", TABLES)):
            names = [name for name in tables if name in runs]
            counts = [sum(_reaches(runs[name], model, [mlp], 1.0, name, seeds) for name in names) for mlp in MLPS]
            near = sum(_reaches(runs[name], model, OTHERS, NEAR, name, seeds) for name in names)
            cpu = [seconds for name in names for _, seconds in runs[name][model]]
            said = " | ".join(f"{count} of {len(names)}" for count in [*counts, near])
            lines.append(f"| {_code(model)} | {title} | {said} | {mean(cpu) if cpu else math.nan:.1f} |")
    lines += [
        "",
        "Near: at most 2 % (relative) behind the best of linear, forest and boosting. By mean over the seeds.",
    ]
    lines.append("A table on which a run of ours failed counts as not reached.")
    return [*lines, *(["", *(f"- {failure}" for failure in failures)] if failures else [])]


def _reaches(
    of_table: dict[str, list[tuple[float, float]]], model: str, rivals: Any, slack: float, name: str, seeds: int
) -> bool:
    if len(of_table[model]) < seeds:
        return False
    mine = mean(found for found, _ in of_table[model])
    theirs = [mean(found for found, _ in of_table[rival]) for rival in rivals]
    return mine * slack >= max(theirs) if _better(name) == "↑" else mine <= min(theirs) * slack


def _better(name: str) -> str:
    return "↑" if TABLES[name]().task == "classification" else "↓"


def _cell(found: list[tuple[float, float]], seeds: int) -> str:
    if len(found) < seeds:
        return f"failed ({seeds - len(found)} of {seeds})"
    scores = [100 * result for result, _ in found]
    return f"{mean(scores):.1f} ± {stdev(scores) if seeds > 1 else 0.0:.1f}"


def _code(method: str) -> str:
    return f"`{method}`" if method.startswith("{") else method


def _write_csv(path: Path, columns: Columns) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_text(cell) for cell in row] for row in zip(*columns.values(), strict=True))


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return "" if cell is None else cell


if __name__ == "__main__":
    main()
