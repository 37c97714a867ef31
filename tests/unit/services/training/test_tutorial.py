"""The tutorial's job gives the same bits as a plain PyTorch loop."""

import struct

import pytest
import torch

from docs import plain_loop
from services.training.input.rows import order
from services.training.loop.training import Training
from tests.make import make_training
from tests.stack import TUTORIAL


def costs_of(training: Training) -> list[float]:
    """Train to the end and return the cost of every batch."""
    packed = b"".join(costs.batch_costs for costs in training.fit())
    return [cost for (cost,) in struct.iter_unpack("<f", packed)]


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 - 1])
def test_the_weights_and_every_cost_are_those_of_the_plain_loop(seed: int) -> None:
    training = make_training(**TUTORIAL | {"epochs": 40, "seed": seed})
    costs = costs_of(training)

    model, plain = plain_loop.train(seed, 40)

    assert costs == plain
    assert torch.equal(training.model.weight, model.weight)
    assert torch.equal(training.model.bias, model.bias)


def test_two_seeds_and_two_epochs_give_other_orders() -> None:
    orders = [tuple(order(50, seed, epoch).tolist()) for seed in (0, 1, 2**32 - 1) for epoch in (0, 1, 2)]

    assert len(set(orders)) == len(orders)
    assert all(sorted(one) == list(range(50)) for one in orders)


def test_the_whole_job_learns_the_scores() -> None:
    training = make_training(**TUTORIAL)
    epochs = list(training.fit())

    assert len(epochs) == 2000
    assert training.steps_done == 6000
    assert epochs[0].train_cost > 1000
    assert epochs[-1].train_cost < 10
