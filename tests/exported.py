"""What tests of exports start from: a job trained to its end in this process, and a Python that has torch alone."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from services.datasets import ingest
from services.datasets.table_limits import TableLimits
from services.exports.subject import Subject, rows_of
from services.jobs.resolution import resolve
from services.settings import Settings
from services.specs.resolve.facts import Facts, ModelSizes
from services.specs.resolve.resolved import resolved_json
from services.specs.schema.file_options import FileOptions
from services.specs.schema.job import JobSpec
from services.training.build import build, settle_process
from services.training.loop.training import Training
from services.training.model_summary import summary
from tests.make import LIMITS

#: What an installed PyTorch consists of and needs, by the names that are imported.
TORCH = "torch torchgen functorch numpy typing_extensions sympy mpmath networkx jinja2 markupsafe filelock fsspec"
#: Runs scripts one after another, as `python SCRIPT ARGUMENTS` would, and prints what each printed.
BARE = f"""
import contextlib, io, json, runpy, sys
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder
known = {{*sys.stdlib_module_names, *{TORCH!r}.split(), __import__("sysconfig")._get_sysconfigdata_name()}}
class Installed:
    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, path, target) if name.partition(".")[0] in known else None
sys.meta_path = [BuiltinImporter, FrozenImporter, Installed()]
printed = []
for command in json.load(sys.stdin):
    sys.argv = command
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            runpy.run_path(command[0], run_name="__main__")
        except SystemExit as ended:
            print(ended)
    printed.append(out.getvalue())
json.dump(printed, sys.stdout)
"""


def csv_of(columns: dict[str, Sequence[Any]]) -> str:
    """The text of a CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def make_subject(folder: Path, text: str, **parts: Any) -> Subject:
    """Train a job on a CSV to its end, as a trainer does; its best weights are the checkpoint."""
    (folder / "rows.csv").write_text(text)
    limits = TableLimits.of(Settings())
    found = ingest.ingest(
        folder / "rows.csv", folder / "table.f32", name="rows.csv", limits=limits, options=FileOptions()
    )
    given = {"model": "linear", "epochs": 3, **parts}
    given["data"] = {"dataset": "rows.csv", **given.get("data", {})}
    suggested = ingest.suggested_target(found.info)
    facts = Facts(found.info, LIMITS, ModelSizes(summary), dataset="rows.csv", suggested_target=suggested)
    resolved = resolve(JobSpec.model_validate(given), facts)
    shape = (found.info.rows, len(found.info.columns))
    table = np.memmap(folder / "table.f32", dtype="<f4", mode="r", shape=shape)
    settle_process()
    try:
        training = build(resolved.spec, found.info, table, last=None, stop_requested=lambda: None)
        epochs = trained(training)
    finally:
        torch.set_flush_denormal(False)  # other tests of this process count on all numbers
    rows = rows_of(
        found.info,
        dataset="rows.csv",
        sha256="0" * 64,
        format="csv",
        dialect=found.dialect,
        table=str(folder / "table.f32"),
    )
    best = training.best.epoch or 0
    return Subject(
        job="job_test",
        name="rows-1",
        done=True,
        spec=resolved_json(resolved.spec),  # as a job keeps it
        checkpoint={
            "id": "ckpt_test",
            "epoch": best,
            "step": best * training.steps_per_epoch,
            "metrics": {"val_cost": training.best.value},
        },
        rows=rows,
        epochs=epochs,
        environment=training.environment(),
        adjustments=[asdict(one) for one in training.adjustments],
        stop_reason="early_stopping" if training.patience and training.patience.over else "completed",
        trained_at="2026-11-28",
        test=None,
        baseline=training.baseline,
        content=training.best_bytes(),
    )


def trained(training: Training) -> list[dict[str, Any]]:
    """Train until the epochs are over or patience is; return them as the database would have them."""
    epochs = []
    for costs in training.fit():
        if training.best.improved(costs):
            training.keep_best()
        epochs.append({**asdict(costs), "best": training.best.epoch == costs.epoch})
        if training.patience and training.patience.is_over(costs):
            break
    return epochs


def changed(subject: Subject, **parts: Any) -> Subject:
    """The same with other parts."""
    return replace(subject, **parts)


def bare(commands: Sequence[Sequence[str]]) -> list[str]:
    """Run scripts where Python has torch and NumPy and nothing else; return what each prints."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", BARE],
        input=json.dumps(commands),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: list[str] = json.loads(done.stdout)
    return printed
