"""Every job, its bundle unpacked, and what the scripts of it printed where there is PyTorch and NumPy alone."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch

from services.exports.bundle import files_of
from services.exports.samples import Samples, samples
from services.exports.subject import Subject
from tests.export_cases import CASES
from tests.export_recipes import COLUMNS, RECIPES
from tests.exported import bare, csv_of, make_subject


@dataclass
class Ran:
    """A job, the rows that its scripts were tried with, and what they printed."""

    subject: Subject
    samples: Samples
    predicted: str = ""
    trained: str = ""


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ran]]:
    """All scripts, run in one process, since importing torch takes long."""
    found: dict[str, Ran] = {}
    commands = []
    for name in [*CASES, *RECIPES]:
        folder = tmp_path_factory.mktemp("bundle")
        made = CASES[name](folder) if name in CASES else make_subject(folder, csv_of(COLUMNS), **RECIPES[name])
        found[name] = Ran(made, samples(made, made.predictor()))
        for file, content in files_of(made, found[name].samples).items():
            (folder / file).write_bytes(content)
        with open(folder / "new.csv", "w", newline="") as new:
            csv.writer(new).writerows(found[name].samples.texts)
        commands.append([str(folder / "predict.py"), str(folder / "new.csv")])
        commands.append([str(folder / "train.py"), "--data", str(folder / "rows.csv"), "--json"])
    printed = bare(commands)
    for one, predicted, trained in zip(found.values(), printed[::2], printed[1::2], strict=True):
        one.predicted, one.trained = predicted, trained
    yield found
    torch.set_flush_denormal(False)  # as it was before jobs were trained here
