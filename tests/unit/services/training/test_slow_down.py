"""A schedule that is slowed down stays so, also when it goes on from what was stored."""

from typing import Any

import pytest

from services.training.loop.schedulers import SCHEDULERS
from services.training.loop.training import Training
from tests.make import make_training
from tests.unit.services.training.test_catalog import SCHEDULES

JOB: dict[str, Any] = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 8, "early_stopping": False}


def training(name: str | None, last: bytes | None = None) -> Training:
    """A training with a schedule."""
    schedule = {"type": name, **SCHEDULES[name]} if name else None
    return make_training(**JOB, last=last, scheduler=schedule, optimizer={"type": "sgd", "lr": 0.02})


@pytest.mark.parametrize("name", [None, *SCHEDULERS])
def test_all_later_step_sizes_are_a_tenth_and_survive_a_stop(name: str | None) -> None:
    plain = [epoch.lr for epoch in training(name).fit()]
    slowed = training(name)
    fitting = slowed.fit()
    next(fitting)
    slowed.slow_down("The cost became NaN.")
    again = training(name, slowed.last_bytes())

    rest = [(epoch.lr, epoch.train_cost) for epoch in fitting]

    assert [(epoch.lr, epoch.train_cost) for epoch in again.fit()] == rest
    assert (again.progress.rollbacks, again.schedule.slowed) == (1, 0.1)
    if name != "plateau":  # which looks at the costs, and these are others now
        assert [lr for lr, _ in rest] == pytest.approx([lr / 10 for lr in plain[1:]], rel=1e-3)
