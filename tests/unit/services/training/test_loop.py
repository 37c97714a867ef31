"""The laws that every training loop keeps."""

import math
import struct
from typing import Any

import numpy as np
import pytest
import torch

from services.costs import EpochCosts
from services.training.loop.best import Best, Patience
from tests.make import make_training

UNEVEN: dict[str, Any] = {
    "data": {
        "x": [[float(n)] for n in range(11)],
        "y": [3.0 * n for n in range(11)],
        "scale": "none",
        "target_scale": "none",
    },
    "split": "none",
    "batch_size": 4,
    "optimizer": {"type": "sgd", "lr": 1e-12},
}


def costs(epoch: int, value: float) -> EpochCosts:
    """An epoch with a validation cost."""
    return EpochCosts(epoch, epoch, value, value, 0.1, 1.0, 1.0)


def test_an_epochs_cost_is_the_cost_over_all_rows_at_once_uneven_last_batch_included() -> None:
    training = make_training(**UNEVEN)
    model = training.model
    x = torch.tensor(UNEVEN["data"]["x"])
    y = torch.tensor(UNEVEN["data"]["y"])[:, None]
    with torch.no_grad():
        whole = torch.nn.functional.mse_loss(model(x), y).item()

    epoch = next(training.fit())
    batches = [cost for (cost,) in struct.iter_unpack("<f", epoch.batch_costs or b"")]

    assert len(batches) == 3
    assert epoch.train_cost == pytest.approx(whole, rel=1e-5)
    assert epoch.train_cost == np.average(np.float64(batches), weights=[4, 4, 3])


def test_the_best_weights_give_back_their_recorded_validation_cost() -> None:
    job: dict[str, Any] = {
        "data": {"builtin": "diabetes"},
        "model": {"type": "mlp", "hidden": [16], "dropout": 0.2},
        "epochs": 12,
    }
    training = make_training(**job)
    for epoch in training.fit():
        if training.best.improved(epoch):
            training.keep_best()
    training.model.load_state_dict(training.best_weights)
    assert training.validation is not None
    training.model.eval()

    with torch.no_grad():
        held = training.validation
        found = [(held.cost_function(training.model(x), y).item(), len(y)) for x, y in held.batches]

    assert np.average([c for c, _ in found], weights=[n for _, n in found]) == training.best.value


def test_leaving_the_for_stops_the_training() -> None:
    training = make_training(epochs=50)

    for epoch in training.fit():
        if epoch.epoch == 3:
            break

    assert training.progress.epochs_done == 3


def test_a_net_can_learn_ten_rows_by_heart() -> None:
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(10, 4)).tolist(), "y": rng.normal(size=10).tolist()}
    training = make_training(
        data=data,
        model={"type": "mlp", "hidden": [64], "dropout": 0.0},
        split="none",
        optimizer={"type": "adam", "lr": 0.01},
        batch_size="full",
        epochs=1500,
    )

    *_, last = training.fit()

    assert last.train_cost < 1e-4


def test_full_batch_gradient_descent_finds_the_least_squares_line() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 3))
    y = x @ [1.5, -2.0, 0.5] + 4 + rng.normal(scale=0.1, size=60)
    data = {"x": x.tolist(), "y": y.tolist(), "scale": "none", "target_scale": "none"}
    training = make_training(
        data=data, split="none", batch_size="full", optimizer={"type": "sgd", "lr": 0.3}, epochs=300
    )
    list(training.fit())

    solution = torch.linalg.lstsq(torch.tensor(np.column_stack([x, np.ones(60)])), torch.tensor(y)[:, None]).solution

    found = torch.cat([training.model.weight[0], training.model.bias]).double()  # type: ignore[list-item, index]
    assert torch.allclose(found, solution[:, 0], atol=1e-4)


@pytest.mark.parametrize("values", [[3.0, 1.0, 1.0, 2.0], [math.nan, 3.0, 1.0, math.nan, 1.0]])
def test_the_best_is_the_earliest_of_the_lowest_and_never_nan(values: list[float]) -> None:
    best = Best("val_cost", "min")

    for epoch, value in enumerate(values, 1):
        best.improved(costs(epoch, value))

    assert best.value == np.nanmin(values)
    assert best.epoch == int(np.nanargmin(values)) + 1


def test_patience_is_over_after_so_many_epochs_without_enough_gain() -> None:
    patience = Patience("val_cost", "min", patience=2, min_delta=0.5)

    assert [patience.is_over(costs(n, v)) for n, v in enumerate([3.0, 2.0, 1.9, 1.8], 1)] == [False, False, False, True]
