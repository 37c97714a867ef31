"""A trainer's story of a job, without a database."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.costs import EpochCosts
from services.settings import Settings
from services.training.loop.training import Training
from services.wiring import trainer as wiring
from services.wiring.trainer import Job
from tests.make import make_training
from worker import outcome, trainer

STOPS_EARLY: dict[str, Any] = {
    "data": {"x": [[n * 0.1, (n * 7) % 5] for n in range(30)], "y": ["abc"[(n * n) % 3] for n in range(30)]},
    "model": {"type": "mlp", "hidden": [16]},
    "optimizer": {"type": "adam", "lr": 0.05},
    "epochs": 60,
    "batch_size": 8,
    "early_stopping": {"patience": 4, "min_delta": 0.01},
}


class Flushed:
    """Stands where the recorder stands, and keeps the state that each flush would have stored."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.costs: list[tuple[int, float]] = []
        self.lasts: list[bytes] = []

    def epoch(self, costs: EpochCosts, *, improved: bool) -> None:
        if improved:
            self.training.keep_best()
        self.costs.append((costs.epoch, costs.train_cost))
        self.lasts.append(self.training.last_bytes())


def story(last: bytes | None = None) -> tuple[str, Flushed]:
    """Train a job that stops early, from a stored state if there is one."""
    training = make_training(last=last, **STOPS_EARLY)
    flushed = Flushed(training)
    job = SimpleNamespace(training=training, work=SimpleNamespace(spec=training.spec), recorder=flushed)
    return trainer.train(cast(Job, job), cast(trainer.Watch, SimpleNamespace(asked=None))), flushed


def test_a_job_that_goes_on_from_any_epochs_flush_stops_early_at_the_same_epoch() -> None:
    reason, whole = story()

    resumed = [story(last) for last in whole.lasts]

    assert (reason, len(whole.costs) < 60) == ("early_stopping", True)
    assert {reason for reason, _ in resumed} == {"early_stopping"}
    assert [whole.costs[n + 1 :] for n in range(len(whole.lasts))] == [flushed.costs for _, flushed in resumed]


def test_an_error_of_the_trainings_own_arithmetic_is_final(monkeypatch) -> None:
    def fails(*_: Any) -> None:
        raise ValueError("Expected more than 1 value per channel when training")

    told: list[Any] = []
    monkeypatch.setattr(wiring, "claimed", fails)
    monkeypatch.setattr(wiring, "fail", lambda *said: told.append(said[-1]))
    watch = cast(trainer.Watch, SimpleNamespace(report=lambda _: None))

    code = trainer.run("job_1", 1, Settings(), watch)

    assert (code, told[0].code, told[0].members["retryable"]) == (outcome.USER_FAULT, "training_failed", False)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied (4x5 and 3x2)"), outcome.USER_FAULT),
        (RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed."), outcome.BUG),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 MiB."), outcome.GPU_MEMORY),
        (MemoryError(), outcome.MEMORY),
    ],
    ids=["shapes", "a process", "GPU memory", "memory"],
)
def test_only_what_comes_again_is_final(monkeypatch: pytest.MonkeyPatch, error: Exception, code: int) -> None:
    def fails(*_: Any) -> None:
        raise error

    told: list[Any] = []
    monkeypatch.setattr(wiring, "claimed", fails)
    monkeypatch.setattr(wiring, "fail", lambda *said: told.append(said[-1]))

    assert trainer.run("job_1", 1, Settings(), cast(trainer.Watch, SimpleNamespace(report=lambda _: None))) == code
    assert [fault.code for fault in told] == (["training_failed"] if code == outcome.USER_FAULT else [])
