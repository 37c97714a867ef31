"""Epochs without validation count for a plateau as they do for early stopping."""

import pytest

from services.training.loop.best import Patience
from services.training_errors import StopRequested
from tests.make import make_training

X = [[n / 10] for n in range(-20, 20)]
Y = [2 * a for (a,) in X]


def test_a_plateau_acts_at_the_measured_epoch_at_which_early_stopping_would_end() -> None:
    training = make_training(
        data={"x": X, "y": Y, "x_val": X[:30], "y_val": [-y for y in Y[:30]]},  # what is learnt makes it worse
        model="linear",
        epochs=30,
        optimizer={"type": "sgd", "lr": 1e-3},
        scheduler={"type": "plateau", "patience": 2},
        validation={"every_epochs": 5},
        early_stopping=False,
    )
    patience = Patience("val_cost", "min", 2, 0.0)

    costs = list(training.fit())
    changed = next(now.epoch for now, before in zip(costs[1:], costs, strict=False) if now.lr != before.lr)
    over = next(epoch.epoch for epoch in costs if patience.is_over(epoch))

    assert (changed, over) == (11, 10)
    assert costs[0].val_cost is None


def test_an_epoch_that_was_paused_shows_the_step_size_that_it_began_with() -> None:
    parts = {
        "data": {"x": X, "y": Y},
        "split": {"type": "none"},
        "batch_size": 8,
        "epochs": 3,
        "scheduler": {"type": "onecycle", "max_lr": 0.1},
    }
    whole = [costs.lr for costs in make_training(**parts).fit()]
    looks = iter([None] * 7 + ["pause"])
    paused = make_training(**parts, stop_requested=lambda: next(looks))

    before: list[float] = []
    with pytest.raises(StopRequested):
        before.extend(costs.lr for costs in paused.fit())
    resumed = make_training(**parts, last=paused.last_bytes())

    assert 0 < len(paused.progress.batch_costs) < paused.steps_per_epoch
    assert [paused.progress.lr_of_epoch, *(costs.lr for costs in resumed.fit())] == [whole[1], *whole[1:]]
