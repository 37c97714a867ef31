"""Costs of weighted rows are those of scikit-learn, whatever the size of the batches."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_squared_error

from services.costs import EpochCosts
from services.training.loop.training import Training
from tests.make import make_training

Y = (["a"] * 6 + ["b"] * 3 + ["c"]) * 6
X = [[(n * 7 % 11) / 5 - 1.0, (n * 3 % 13) / 6 - 1.0] for n in range(60)]
CLASSES: dict[str, Any] = {
    "data": {"x": X, "y": Y},
    "model": "linear",
    "loss": {"type": "cross_entropy", "class_weight": "balanced"},
    "split": {"type": "random", "validation": 20},
    "optimizer": {"type": "sgd", "lr": 1e-30},  # nothing moves, so that training and validation can be told in advance
    "epochs": 1,
}


def trained(**keys: Any) -> tuple[Training, EpochCosts]:
    training = make_training(**CLASSES | keys)
    return training, list(training.fit())[-1]


@pytest.mark.parametrize("validation", [20, 7, 1])
@pytest.mark.parametrize("batch", [40, 7, 1])
@pytest.mark.parametrize("micro", [None, 3])
def test_class_weights_give_the_log_loss_of_scikit_learn(batch: int, validation: int, micro: int | None) -> None:
    training, costs = trained(batch_size=batch, micro_batch_size=micro, validation={"batch_size": validation})
    weight = np.asarray(training.validation.cost_function.weight)  # type: ignore[union-attr]
    rows = training.train_batches.loader.dataset  # type: ignore[union-attr]
    held = [torch.cat(part) for part in zip(*training.validation.batches, strict=True)]  # type: ignore[union-attr]

    for (features, targets), cost in (((rows.features, rows.targets), costs.train_cost), (held, costs.val_cost)):
        shares = torch.softmax(training.model(features).double(), 1).detach().numpy()
        wanted = log_loss(targets, shares, sample_weight=weight[targets], labels=[0, 1, 2])
        assert cost == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("validation", [20, 7])
@pytest.mark.parametrize("batch", [40, 7])
def test_row_weights_some_of_them_zero_give_the_squared_error_of_scikit_learn(batch: int, validation: int) -> None:
    data = {"x": [[a, float(n % 3)] for n, (a, _) in enumerate(X)], "y": [3 * a + b for a, b in X], "weight": "x1"}
    training, costs = trained(data=data, loss="mse", batch_size=batch, validation={"batch_size": validation})
    rows = training.train_batches.loader.dataset  # type: ignore[union-attr]
    held = [torch.cat(part) for part in zip(*training.validation.batches, strict=True)]  # type: ignore[union-attr]

    for (features, targets), cost in (((rows.features, rows.targets), costs.train_cost), (held, costs.val_cost)):
        found = training.model(features).detach()
        wanted = mean_squared_error(targets[:, :-1], found, sample_weight=targets[:, -1])
        assert cost == pytest.approx(wanted, rel=1e-5)
