"""Predicts the rows of a CSV file with the weights beside it: a part of the scripts of a bundle."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from services.exports.plain.answers import Answers, answers_of
from services.exports.plain.cells import Columns, feature_cells, read_csv
from services.exports.plain.features import features_of

AT_ONCE = 4096  #: rows that go through the net together
FORMULA = ("=", "+", "-", "@", "\t", "\r")  #: a text that begins so is run by programs that open a CSV
TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "BOOL": torch.bool, "U8": torch.uint8}


def load_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file: a header in JSON that says where each of them is, then their bytes."""
    content = bytearray(path.read_bytes())
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, end = entry["data_offsets"]
            flat = torch.frombuffer(bytearray(content[begin + first : begin + end]), dtype=TYPES[entry["dtype"]])
            found[name] = flat.reshape(entry["shape"])
    return found


def predict(model: nn.Module, names: list[str], rows: list[list[str]], about: dict[str, Any]) -> Answers:
    """Return the columns of the answer for rows of texts; `about` is what preprocessing.json says."""
    columns: Columns = about["inputs"]
    cells = feature_cells(names, rows, columns)
    with torch.inference_mode():
        features = features_of(torch.from_numpy(cells), columns).reshape(-1, *about["shape"])
        outputs = torch.cat([model(features[n : n + AT_ONCE]) for n in range(0, len(features), AT_ONCE)])
        return answers_of(outputs, about)


def loaded(model: nn.Module, folder: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Return the model with the weights of a folder, ready to answer, and what preprocessing.json says there."""
    model.load_state_dict(load_weights(folder / "model.safetensors"))
    return model.eval(), json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))


def main(model: nn.Module) -> None:
    """Read the file that the command line names, and write a CSV whose first column is `prediction`."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        raise SystemExit("Usage: python predict.py FILE.csv > predictions.csv")
    names, rows = read_csv(sys.argv[1])
    if not rows:
        raise SystemExit(f"{sys.argv[1]} has no rows.")
    ready, about = loaded(model, Path(__file__).parent)
    answers = predict(ready, names, rows, about)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([safe(name) for name in answers])
    writer.writerows([safe(value) for value in row] for row in zip(*answers.values(), strict=True))


def safe(value: Any) -> Any:
    """Return a value so that no program that opens the CSV runs it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
