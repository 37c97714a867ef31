"""A curve of few points shows what the whole one shows."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.jobs.curves import MAX_POINTS, Value, chart, sentence, thinned

NAN = math.nan
values = st.one_of(st.none(), st.just(NAN), st.floats(-1e6, 1e6))


@pytest.mark.parametrize("count", [0, 1, 2, MAX_POINTS])
def test_a_short_curve_stays_as_it_is(count: int) -> None:
    assert thinned([[1.0] * count], MAX_POINTS) == list(range(count))


def test_ten_thousand_epochs_become_at_most_1500_with_every_peak() -> None:
    draw = random.Random(0)
    train: list[Value] = [1 / (n + 1) + draw.random() for n in range(10_000)]
    val: list[Value] = [1 / (n + 1) + draw.random() for n in range(10_000)]
    train[4_321], val[7_777], val[1_234] = 99.0, -99.0, 55.0

    found = chart("cost", list(range(1, 10_001)), {"train_cost": train, "val_cost": val}, keep=[5_005])

    assert len(found.epochs) <= MAX_POINTS
    assert {1, 4_322, 7_778, 1_235, 5_006, 10_000} <= set(found.epochs)
    assert max(found.lines["train_cost"]) == 99.0  # type: ignore[type-var]
    assert min(found.lines["val_cost"]) == -99.0  # type: ignore[type-var]
    assert found.recorded == 10_000


@given(st.lists(values, min_size=31, max_size=300), st.integers(20, 30))
def test_the_least_and_the_largest_value_are_always_drawn(line: list[Value], most: int) -> None:
    kept = thinned([line], most)

    assert kept == sorted(set(kept))
    assert len(kept) <= most
    assert {0, len(line) - 1} <= set(kept)
    finite = [value for value in line if value is not None and math.isfinite(value)]
    if finite:
        drawn = [value for n in kept if (value := line[n]) is not None and math.isfinite(value)]
        assert (min(drawn), max(drawn)) == (min(finite), max(finite))
    gaps = {n for n, value in enumerate(line) if value is not None and math.isnan(value)}
    assert bool(gaps) == bool(gaps & set(kept))


def test_a_value_that_is_not_finite_is_a_gap_and_one_not_measured_is_none() -> None:
    found = chart("cost", [1, 2, 3, 4], {"train_cost": [1.0, NAN, 0.5, 0.4], "val_cost": [None, 1.0, None, 0.9]})

    assert found.gaps == [2]
    assert found.lines["val_cost"] == [None, 1.0, None, 0.9]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([], "No epoch has been recorded yet."),
        ([0.5], "cost was 0.5 in epoch 1."),
        ([1.0, 0.5], "cost fell from 1 to 0.5 over 2 epochs."),
        ([1.0, 0.2, 0.5], "cost fell from 1 to 0.5 over 3 epochs, lowest 0.2 in epoch 2."),
        ([0.5, 1.0], "cost rose from 0.5 to 1 over 2 epochs."),
        ([0.5, 0.5, 0.5], "cost stayed at 0.5 over 3 epochs."),
        ([1.0, NAN, 0.5], "cost fell from 1 to 0.5 over 3 epochs; 1 epoch has a value that is not finite."),
        ([NAN, NAN], "2 epochs have a value that is not finite."),
    ],
)
def test_the_sentence_says_what_the_curve_does(line: list[Value], words: str) -> None:
    assert sentence(list(range(1, len(line) + 1)), {"cost": line}) == words
