"""A bundle: weights and all that is known of them, and scripts that need PyTorch and NumPy alone."""

import csv
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from services.export_errors import ExportFailed
from services.exports.archive import zipped
from services.exports.card import card
from services.exports.samples import Samples
from services.exports.scripts.prediction_script import prediction_script
from services.exports.scripts.repeatable import unrepeatable
from services.exports.scripts.training_script import training_script
from services.exports.subject import Subject
from services.exports.verification import difference
from services.exports.weight_files import safetensors_bytes

TIMEOUT_S = 300.0
USE = """
## What is in this folder

- `model.safetensors`: the weights; `preprocessing.json`: what becomes of each column; `spec.json`: the job.
- `metrics.csv`: the costs and metrics of each epoch.
- `python predict.py FILE.csv`: predictions for the rows of a CSV; needs PyTorch and NumPy alone.
"""
REPEAT = """- `python train.py --data FILE.csv`: the training itself, as one plain PyTorch script, to the bit.
"""


def bundle(subject: Subject, samples: Samples) -> tuple[bytes, float]:
    """Return the zip, and how far `predict.py` in it is from the stored model.

    Raises: ExportUnsupported; ExportDiffers; ExportFailed.
    """
    files = files_of(subject, samples)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        found = _tried(Path(folder), samples)
    return zipped(files), difference(samples, found)


def files_of(subject: Subject, samples: Samples) -> dict[str, bytes]:
    """Return the files by name.

    Raises: ExportUnsupported for a net whose code is not PyTorch's or ours.
    """
    predictor = samples.predictor
    names = [column.name for column in predictor.preprocessing.inputs]
    about = predictor.preprocessing.as_json() | {"shape": list(predictor.shape)}
    why_not = unrepeatable(subject, samples.train_rows)
    found = {
        "README.md": card(subject, predictor) + USE + (f"\n{why_not}\n" if why_not else REPEAT),
        "spec.json": _json(subject.spec),
        "preprocessing.json": _json(about),
        "metrics.csv": metrics_csv(subject.epochs),
        "predict.py": prediction_script(predictor.model, subject.name, names),
    }
    if why_not is None:
        found["train.py"] = training_script(subject, predictor)
    weights = {"model.safetensors": safetensors_bytes(predictor.model.state_dict(), subject)}
    return weights | {name: text.encode() for name, text in found.items()}


def metrics_csv(epochs: list[dict[str, Any]]) -> str:
    """Return a row for each epoch; a metric that is not one number is left out."""
    metrics = sorted({k for it in epochs for k, value in it["metrics"].items() if isinstance(value, int | float)})
    names = ["epoch", "train_cost", "val_cost", "lr", "seconds"]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, *metrics])
    for epoch in epochs:
        writer.writerow([*(epoch[name] for name in names), *(epoch["metrics"].get(name) for name in metrics)])
    return text.getvalue()


def _tried(folder: Path, samples: Samples) -> np.ndarray:
    """Return what predict.py answers for the samples: (rows, answers)."""
    with open(folder / "samples.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(samples.texts)
    command = [sys.executable, "-I", str(folder / "predict.py"), str(folder / "samples.csv")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise ExportFailed(f"predict.py ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    names, *rows = csv.reader(io.StringIO(done.stdout))
    regression = samples.predictor.preprocessing.task == "regression"
    first = 0 if regression else len(names) - samples.expected.shape[1]
    return np.array([row[first:] for row in rows], dtype=np.float64)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
