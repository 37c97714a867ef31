"""A training that begins with stored weights stands where they stood."""

import struct
from typing import Any

import numpy as np
import pytest
import torch

from services.training.loop.training import Training
from services.training.predictor import Predictor
from services.training_errors import ShapeMismatch, WeightsUnreadable
from tests.make import make_training
from tests.unit.services.training.test_resume import finish, interrupted, same

MLP: dict[str, Any] = {
    "data": {"builtin": "diabetes"},
    "model": {"type": "mlp", "hidden": [12, 6], "dropout": 0.2},
    "batch_size": 32,
    "early_stopping": False,
}
STILL = {"type": "sgd", "lr": 1e-30}  # a step that is lost in rounding
START = {"job": "job_source"}


def trained(**parts: Any) -> Training:
    """A training of a few epochs that has kept its best weights."""
    training = make_training(**MLP | {"epochs": 6} | parts)
    for costs in training.fit():
        if training.best.improved(costs):
            training.keep_best()
    return training


def test_it_begins_at_the_validation_cost_that_the_weights_had() -> None:
    source = trained()

    training = make_training(**MLP, optimizer=STILL, init_from=START, init=source.best_bytes(), epochs=1)
    first = next(training.fit())

    assert first.val_cost == source.best.value


def test_its_first_batches_cost_is_worked_out_with_those_weights() -> None:
    data = {"x": [[float(n)] for n in range(8)], "y": [2.0 * n for n in range(8)], "scale": "none"}
    job: dict[str, Any] = {"data": data | {"target_scale": "none"}, "model": "linear", "split": "none"}
    source = make_training(**job, task="regression", optimizer={"type": "sgd", "lr": 0.01}, epochs=3)
    list(source.fit())
    source.keep_best()
    weight, bias = (parameter.detach().double().numpy() for parameter in source.model.parameters())

    new = make_training(
        **job, task="regression", batch_size="full", shuffle=False, init_from=START, init=source.best_bytes()
    )
    (cost,) = struct.unpack("<f", next(new.fit()).batch_costs or b"")

    x = np.arange(8.0)
    assert cost == pytest.approx(((weight[0, 0] * x + bias[0] - 2 * x) ** 2).mean(), rel=1e-5)


def test_the_last_state_gives_its_weights_and_nothing_else() -> None:
    source = trained()

    new = make_training(**MLP, init_from=START, init=source.last_bytes())

    assert all(torch.equal(a, b) for a, b in zip(source.model.parameters(), new.model.parameters(), strict=True))
    assert new.optimizer.state_dict()["state"] == {}
    assert (new.progress.epochs_done, new.best.epoch) == (0, None)


def test_started_alike_it_ends_with_the_same_bits_and_started_otherwise_with_others() -> None:
    weights = trained().best_bytes()
    one, two = (finish(make_training(**MLP, init_from=START, init=weights, epochs=3), []) for _ in range(2))
    plain = finish(make_training(**MLP, epochs=3), [])

    assert same(one, two)
    assert not same(one, plain)


def test_stopped_at_any_batch_a_warm_start_ends_with_the_same_bits() -> None:
    # Other rows than the source's: resumed, it needs bins of the source's number.
    data = {"x": [[n * 0.1, (n * 7) % 5] for n in range(30)], "y": [float((n * 3) % 11) for n in range(30)]}
    job: dict[str, Any] = {"data": data, "model": {"type": "mlp", "hidden": [6]}, "batch_size": 8}
    source = make_training(**job | {"data": {"x": data["x"][:12], "y": data["y"][:12]}}, task="regression", epochs=2)
    list(source.fit())
    source.keep_best()
    begun = {**job, "task": "regression", "init_from": START, "init": source.best_bytes(), "epochs": 3}

    whole = finish(make_training(**begun), [])

    assert all(same(whole, interrupted([stop], **begun)) for stop in range(9))


def test_embedded_numbers_bring_their_bins_along() -> None:
    data = {"x": [[n * 0.1, (n * 7) % 5] for n in range(40)], "y": [float((n * 3) % 11) for n in range(40)]}
    job: dict[str, Any] = {"model": {"type": "mlp", "hidden": [6]}, "task": "regression", "optimizer": STILL}
    source = make_training(data={"x": data["x"][:15], "y": data["y"][:15], "scale": "none"}, **job, epochs=1)
    source.keep_best()

    new = make_training(data=data | {"scale": "none"}, **job, init_from=START, init=source.best_bytes())

    rows = torch.tensor([[0.3, 2.0], [5.0, 0.0]])
    source.model.eval(), new.model.eval()
    assert torch.equal(source.model(rows), new.model(rows))
    new.keep_best()
    assert Predictor.from_bytes(new.best_bytes()).values(rows.numpy()).shape == (2, 1)


def test_weights_that_do_not_fit_are_refused_or_left_as_they_begin() -> None:
    weights, wider = trained().best_bytes(), MLP | {"model": {"type": "mlp", "hidden": [12, 9], "dropout": 0.2}}
    fresh = make_training(**wider).model.state_dict()

    with pytest.raises(ShapeMismatch):
        make_training(**wider, init_from=START, init=weights)
    found = make_training(**wider, init_from=START | {"strict": False}, init=weights).model.state_dict()

    taken = trained().best_weights
    fits = {name for name in fresh if taken[name].shape == fresh[name].shape}
    assert 0 < len(fits) < len(fresh)
    assert all(torch.equal(found[name], (taken if name in fits else fresh)[name]) for name in fresh)


def test_bytes_that_are_no_checkpoint_are_told() -> None:
    with pytest.raises(WeightsUnreadable):
        make_training(**MLP, init_from=START, init=b"nothing")
