"""What a training does otherwise than usual is said, once, and why."""

from typing import Any

import pytest

from services.adjustments import Adjustment, with_new
from services.training.input import table_access
from services.training.loop import step_choice
from tests.make import make_training


def test_a_usual_training_has_none() -> None:
    assert make_training().adjustments == []


def test_a_model_that_cant_be_traced_takes_plain_steps_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> None:
        raise RuntimeError("data-dependent control flow\nand more")

    monkeypatch.setattr(step_choice, "traced", refuses)
    monkeypatch.setattr(step_choice, "TRACE_FROM", 0)

    why = "the model can't be traced: data-dependent control flow"
    assert make_training().adjustments == [Adjustment("step", "traced", "plain", why)]


def test_a_table_that_is_read_in_blocks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_access, "IN_MEMORY_BYTES", 16)

    assert [(one.what, one.after) for one in make_training().adjustments] == [("loader", "blocks")]


def test_a_smaller_step_size_is_said_with_its_reason() -> None:
    training = make_training(optimizer={"type": "sgd", "lr": 0.5})

    training.slow_down("The training cost became NaN.")

    assert training.adjustments == [Adjustment("optimizer.lr", 0.5, 0.05, "The training cost became NaN.")]


def test_an_attempt_that_finds_the_same_again_adds_nothing() -> None:
    found = [Adjustment("loader", "memory", "blocks", "large"), Adjustment("step", "traced", "plain", "branches")]
    once = with_new([], found[:1], 0)

    twice = with_new(once, found, 7)

    assert twice == [found[0].as_json(0), found[1].as_json(7)]
