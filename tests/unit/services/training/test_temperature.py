"""The temperature is the one that SciPy finds, and calibrated probabilities cost less where they were fitted."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss
from torch import Tensor
from torch.nn import functional

from services.training.loop.temperature import MOST, temperature
from services.training.predictor import Predictor
from tests.make import make_training

RANDOM = torch.Generator().manual_seed(3)


def cost(logits: Tensor, targets: Tensor, t: float) -> float:
    """The mean cross-entropy, as PyTorch has it."""
    if targets.dim() == 1:
        return float(functional.cross_entropy(logits / t, targets))
    return float(functional.binary_cross_entropy_with_logits(logits / t, targets))


@pytest.mark.parametrize("spread", [0.3, 1.0, 6.0])
@pytest.mark.parametrize("labels", [False, True], ids=["classes", "labels"])
def test_it_is_the_one_of_least_cost(spread: float, labels: bool) -> None:
    logits = spread * torch.randn(400, 4, generator=RANDOM).double()
    noise = torch.randn(400, 4, generator=RANDOM).double()
    targets = (logits / spread + noise > 0).double() if labels else (logits / spread + noise).argmax(1)

    found = temperature(logits, targets)

    wanted = minimize_scalar(
        lambda t: cost(logits, targets, t), bounds=(0.05, 50), method="bounded", options={"xatol": 1e-9}
    ).x
    assert found == pytest.approx(wanted, rel=1e-4)


def test_outputs_that_say_nothing_become_as_mild_as_it_goes() -> None:
    logits = torch.tensor([[2.0, -2.0], [2.0, -2.0]]).double()

    assert temperature(logits, torch.tensor([1, 1])) == pytest.approx(MOST, rel=1e-6)


@pytest.mark.parametrize("data", ["iris", "breast_cancer"])
def test_a_calibrated_model_has_the_same_classes_and_cheaper_probabilities(data: str) -> None:
    given: dict[str, Any] = {"data": {"builtin": data}, "model": {"type": "mlp", "hidden": [32]}, "epochs": 12}
    predictors = []
    for calibrate in (None, "temperature"):
        training = make_training(**given, calibrate=calibrate)
        for costs in training.fit():
            if calibrate:
                training.calibrate()
            if training.best.improved(costs):
                training.keep_best()
        predictors.append(Predictor.from_bytes(training.best_bytes()))
    assert training.validation is not None
    features, targets = (torch.cat(part) for part in zip(*training.validation.batches, strict=True))
    plain, calibrated = predictors
    t = calibrated.preprocessing.temperature

    with torch.inference_mode():
        logits = plain.model(features)
    wanted = targets.flatten().long()
    costs_of = [cost(logits, targets, 1.0), cost(logits, targets, t)]
    assert plain.preprocessing.temperature == 1.0
    assert plain.weights_sha256 == calibrated.weights_sha256
    assert t != 1.0
    assert costs_of[1] < costs_of[0]
    cells = np.random.default_rng(0).normal(size=(50, len(plain.preprocessing.inputs))).astype(np.float32)
    both = [predictor.probabilities(cells) for predictor in predictors]
    assert torch.equal(both[0].argmax(1), both[1].argmax(1))
    again = (both[0].double().log() / t).softmax(1)
    torch.testing.assert_close(both[1].double(), again, rtol=1e-4, atol=1e-6)
    if logits.shape[1] > 1:
        shares = (logits / t).softmax(1).double().numpy()
        shares /= shares.sum(1, keepdims=True)
        assert log_loss(wanted, shares) == pytest.approx(costs_of[1], rel=1e-4)
