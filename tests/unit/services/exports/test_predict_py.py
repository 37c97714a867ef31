"""A bundle's predict.py answers as the stored model does, where there is PyTorch and NumPy and nothing else."""

import csv
import io
from typing import Any

import numpy as np
import pytest

from tests.export_cases import CASES
from tests.export_recipes import RECIPES


@pytest.mark.parametrize("case", [*CASES, *RECIPES])
def test_predict_py_answers_as_the_stored_model(case: str, ran: dict[str, Any]) -> None:
    tried = ran[case].samples

    names, *rows = csv.reader(io.StringIO(ran[case].predicted))

    assert names[0].startswith("prediction")
    assert len(rows) == len(tried.cells)
    numbers = np.array([row[len(names) - tried.expected.shape[1] :] for row in rows], dtype=float)
    assert np.abs(numbers - tried.expected).max() <= 1e-6 * max(1.0, np.abs(tried.expected).max())
    if classes := tried.predictor.preprocessing.classes:
        assert [row[0] for row in rows] == [str(classes[n]) for n in tried.expected.argmax(1)]
