"""A training that is stopped at any batch goes on to the same bits."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import torch

from services.training.loop.training import Training
from services.training_errors import StopRequested
from tests.make import make_training

REGRESSION = {"x": [[n * 0.1, (n * 7) % 5, 1.0] for n in range(23)], "y": [(n * 3) % 11 for n in range(23)]}
CLASSES = {"x": [[n * 0.1, (n * 7) % 5] for n in range(30)], "y": ["abc"[(n * n) % 3] for n in range(30)]}
JOBS: dict[str, dict[str, Any]] = {
    "sgd with momentum": {
        "data": REGRESSION,
        "model": "linear",
        "optimizer": {"type": "sgd", "lr": 0.01, "momentum": 0.9},
        "batch_size": 4,
        "task": "regression",
    },
    "adam, dropout, uneven last batch": {
        "data": REGRESSION,
        "model": {"type": "mlp", "hidden": [8, 8], "dropout": 0.3},
        "optimizer": "adam",
        "batch_size": 5,
        "task": "regression",
    },
    "classes, adamw, drop_last": {
        "data": CLASSES,
        "model": {"type": "mlp", "hidden": [6], "dropout": 0.1},
        "batch_size": 7,
        "drop_last": True,
    },
    "no validation, no shuffle": {
        "data": REGRESSION,
        "model": "linear",
        "split": "none",
        "shuffle": False,
        "batch_size": 6,
        "task": "regression",
    },
}
EPOCHS = 4


def interrupted(batches: list[int], **job: Any) -> dict[str, Any]:
    """Train, stopping before each of the given batches and going on in a fresh training."""
    last, before, epochs = None, 0, []
    for stop in [*batches, None]:
        looks = count(before)

        def stop_requested(looks: Iterator[int] = looks, stop: int | None = stop) -> str | None:
            return "drain" if next(looks) == stop else None

        training = make_training(last=last, stop_requested=stop_requested, **job)
        try:
            done = finish(training, epochs)
        except StopRequested:
            last, before = training.last_bytes(), stop
        else:
            return done
    raise AssertionError


def finish(training: Training, epochs: list[Any]) -> dict[str, Any]:
    """Train to the end or a stop_requested, adding finished epochs."""
    for costs in training.fit():
        improved = training.best.improved(costs)
        patience = training.patience and (training.patience.is_over(costs), training.patience.epoch)
        measured = (costs.train_cost, costs.val_cost, costs.metrics, costs.batch_costs)
        epochs.append((costs.epoch, *measured, improved, patience))
    weights = {name: tensor.clone() for name, tensor in training.model.state_dict().items()}
    return {"epochs": epochs, "weights": weights, "best": (training.best.epoch, training.best.value)}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two results are equal to the bit."""
    weights = zip(one["weights"].items(), other["weights"].items(), strict=True)
    return (
        one["epochs"] == other["epochs"]
        and one["best"] == other["best"]
        and all(a == b and torch.equal(x, y) for (a, x), (b, y) in weights)
    )


@pytest.mark.parametrize("name", JOBS)
def test_stopped_at_any_batch_it_ends_with_the_same_bits(name: str) -> None:
    job = JOBS[name] | {"epochs": EPOCHS}
    whole = finish(make_training(**job), [])
    steps = make_training(**job).steps_per_epoch * EPOCHS

    results = [interrupted([stop], **job) for stop in range(steps)]

    assert all(same(whole, result) for result in results)


@pytest.mark.parametrize("name", JOBS)
def test_stopped_again_and_again_it_ends_with_the_same_bits(name: str) -> None:
    job = JOBS[name] | {"epochs": EPOCHS}
    whole = finish(make_training(**job), [])

    assert same(whole, interrupted([1, 2, 3, 6, 7, 11], **job))


def test_the_state_of_a_moment_is_always_the_same_bytes() -> None:
    job = JOBS["adam, dropout, uneven last batch"] | {"epochs": 2}
    states = []
    for _ in range(2):
        training = make_training(**job)
        for _ in training.fit():
            training.keep_best()
            training.progress.seconds = 0.0
        states.append((training.best_bytes(), training.last_bytes()))

    assert states[0] == states[1]
