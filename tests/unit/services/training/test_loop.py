"""The laws that every training loop keeps."""

import math
import struct
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as truth

from services.costs import EpochCosts
from services.specs import losses, models, optimizers
from services.training.best import Best, Patience
from services.training.losses import LOSSES
from services.training.metrics import metric
from services.training.models import MODELS
from services.training.optimizers import OPTIMIZERS
from services.training.predictor import Predictor
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
    assert training.valid_batches is not None
    training.model.eval()

    with torch.no_grad():
        found = [(training.cost_function(training.model(x), y).item(), len(y)) for x, y in training.valid_batches]

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
        model={"type": "mlp", "hidden": [64]},
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


@pytest.mark.parametrize("name", ["mae", "mse", "rmse", "r2"])
def test_a_metric_of_a_regression_is_scikit_learns(name: str) -> None:
    rng = np.random.default_rng(2)
    wanted, found = rng.normal(size=(50, 2)), rng.normal(size=(50, 2))
    measured = metric(name, lambda scaled: scaled)
    for rows in np.array_split(np.arange(50), [7, 20, 21]):
        measured.update(torch.tensor(found[rows]), torch.tensor(wanted[rows]))

    squared = truth.mean_squared_error(wanted, found, multioutput="raw_values")
    expected = {
        "mae": truth.mean_absolute_error(wanted, found),
        "mse": squared.mean(),
        "rmse": np.sqrt(squared).mean(),
        "r2": truth.r2_score(wanted, found),
    }
    assert measured.compute() == pytest.approx(expected[name])


def test_accuracy_is_scikit_learns_for_two_classes_and_for_more() -> None:
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    single, binary = rng.normal(size=(40, 1)), rng.integers(0, 2, (40, 1))
    many, two = metric("accuracy", lambda x: x), metric("accuracy", lambda x: x)
    many.update(torch.tensor(logits), torch.tensor(labels))
    two.update(torch.tensor(single), torch.tensor(binary, dtype=torch.float64))

    assert many.compute() == pytest.approx(truth.accuracy_score(labels, logits.argmax(1)))
    assert two.compute() == pytest.approx(truth.accuracy_score(binary, single > 0))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_model_and_optimizer_learns_real_rows(loss: str, model: str, optimizer: str) -> None:
    sample = {"cross_entropy": "iris", "bce_with_logits": "breast_cancer"}.get(loss, "diabetes")
    chosen = {"type": optimizer, "lr": 0.05 if optimizer == "sgd" else 0.005}
    training = make_training(
        data={"builtin": sample}, model=model, loss=loss, optimizer=chosen, epochs=15, batch_size=32
    )

    epochs = list(training.fit())
    training.keep_best()

    # A guess costs about 1 (scaled targets), ln 3 or ln 2.
    bound = {"mse": 0.65, "l1": 0.68, "huber": 0.32, "cross_entropy": 0.6, "bce_with_logits": 0.25}[loss]
    assert min(epoch.val_cost or 9 for epoch in epochs) < bound
    assert Predictor.from_bytes(training.best_bytes()).preprocessing.task == training.spec.task


def test_every_spec_of_a_part_has_its_builder() -> None:
    def types(union: Any) -> set[str]:
        return {branch.model_fields["type"].default for branch in union.__args__[0].__args__}

    assert types(models.Model) == set(MODELS)
    assert types(losses.Loss) == set(LOSSES)
    assert types(optimizers.Optimizer) == set(OPTIMIZERS)
