"""A model whose probabilities were calibrated gives the same ones elsewhere."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from services.exports.plain.answers import answers_of
from services.exports.whole_model import WholeModel


def test_an_exported_model_divides_by_the_temperature(ran: dict[str, Any]) -> None:
    trained = ran["many nets"].samples.predictor
    predictor = replace(trained, preprocessing=replace(trained.preprocessing, temperature=2.5))
    cells = ran["many nets"].samples.cells
    expected = predictor.probabilities(cells).numpy()

    whole = WholeModel(predictor).eval()
    with torch.inference_mode():
        _, inside = whole(torch.from_numpy(cells))
        outputs = whole.net(whole.inputs(torch.from_numpy(cells)).reshape(-1, *whole.shape))
        plain = answers_of(outputs, predictor.preprocessing.as_json())

    np.testing.assert_allclose(inside.numpy(), expected, atol=1e-6)
    columns = [plain[f"p_{name}"] for name in predictor.preprocessing.classes or []]
    np.testing.assert_allclose(np.array(columns).T, expected, atol=1e-6)
