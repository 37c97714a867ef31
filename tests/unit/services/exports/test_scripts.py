"""The scripts of a bundle answer as the stored model does, where there is PyTorch and NumPy and nothing else."""

import csv
import io
from dataclasses import dataclass

import numpy as np
import pytest

from services.exports.bundle import files_of
from services.exports.samples import Samples, samples
from services.exports.subject import Subject
from tests.export_cases import CASES
from tests.exported import bare


@dataclass
class Ran:
    """A job, the rows that its scripts were tried with, and what they printed."""

    subject: Subject
    samples: Samples
    predicted: str = ""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """Every case, its bundle unpacked, and its scripts run in one process, since importing torch takes long."""
    found, commands = {}, []
    for name, case in CASES.items():
        folder = tmp_path_factory.mktemp("bundle")
        subject = case(folder)
        found[name] = Ran(subject, samples(subject, subject.predictor()))
        for file, content in files_of(subject, found[name].samples).items():
            (folder / file).write_bytes(content)
        with open(folder / "new.csv", "w", newline="") as file:
            csv.writer(file).writerows(found[name].samples.texts)
        commands.append([str(folder / "predict.py"), str(folder / "new.csv")])
    for one, predicted in zip(found.values(), bare(commands), strict=True):
        one.predicted = predicted
    return found


@pytest.mark.parametrize("case", CASES)
def test_predict_py_answers_as_the_stored_model(case: str, ran: dict[str, Ran]) -> None:
    tried = ran[case].samples

    names, *rows = csv.reader(io.StringIO(ran[case].predicted))

    assert names[0].startswith("prediction")
    assert len(rows) == len(tried.cells)
    numbers = np.array([row[len(names) - tried.expected.shape[1] :] for row in rows], dtype=float)
    assert np.abs(numbers - tried.expected).max() <= 1e-6 * max(1.0, np.abs(tried.expected).max())
    if tried.predictor.preprocessing.classes:
        best = tried.expected.argmax(1)
        assert [row[0].lstrip("'") for row in rows] == [tried.predictor.preprocessing.classes[n] for n in best]
