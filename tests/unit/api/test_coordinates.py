"""Where jobs stand on axes, and how high the bars of a histogram are."""

import math

import pytest

from api.pages import coordinates, histograms
from api.pages.coordinates import HEIGHT
from services.jobs.comparison import Comparison, Line

RATES = Line("optimizer.lr", [0.001, 0.01, 0.1])
KINDS = Line("model.type", ["mlp", "linear", None])
COSTS = Line("best val_cost", [0.5, 0.25, math.nan], mode="min", best=1)


def test_the_least_is_at_the_foot_of_an_axis_and_the_largest_at_its_head() -> None:
    found = coordinates.parallel([RATES, COSTS], log=set(), flipped=set())

    assert found is not None
    rates, costs = found.axes
    assert rates.places[0] == HEIGHT
    assert rates.places[2] == 0
    assert rates.places[1] == pytest.approx(HEIGHT * (1 - 0.009 / 0.099), abs=0.1)
    assert costs.places == [0, HEIGHT, None]  # what is no number has no place, and its line passes by


def test_a_logarithmic_axis_has_equal_steps_for_equal_ratios_and_a_flipped_one_hangs() -> None:
    found = coordinates.parallel([RATES, COSTS], log={"optimizer.lr", "best val_cost"}, flipped={"optimizer.lr"})

    assert found is not None
    assert found.axes[0].places == [0, HEIGHT / 2, HEIGHT]


def test_words_have_places_of_their_own_and_can_not_be_logarithmic() -> None:
    found = coordinates.parallel([KINDS, COSTS], log={"model.type"}, flipped=set())

    assert found is not None
    axis = found.axes[0]
    assert not axis.can_log
    assert not axis.log
    assert len(set(axis.places)) == 3


def test_at_most_eight_axes_are_drawn_and_the_others_named() -> None:
    many = [Line(f"p{n}", [n, 1, 2]) for n in range(12)]

    found = coordinates.parallel([*many, COSTS], log=set(), flipped=set())

    assert found is not None
    assert len(found.axes) == 8
    assert found.axes[-1].name == "best val_cost"
    assert len(found.left_out) == 5
    assert coordinates.parallel([COSTS], log=set(), flipped=set()) is None


def test_notes_and_what_does_not_differ_are_no_axes() -> None:
    notes, equal = Line("notes", ["a", "b", "c"]), Line("epochs", [3, 3, 3])

    found = coordinates.axes_of(Comparison([KINDS, notes, RATES], [], [COSTS, equal]))

    assert [line.name for line in found] == ["optimizer.lr", "model.type", "best val_cost"]


def test_a_scatter_leaves_out_what_has_no_value() -> None:
    found = coordinates.scatter(RATES, COSTS, log=set())

    assert [n for n, _, _ in found.points] == [0, 1]
    (_, left, top), (_, right, bottom) = found.points
    assert left < right
    assert top < bottom  # from the top: the larger cost is higher


def test_the_bars_of_a_histogram_are_as_high_as_their_counts() -> None:
    values = [0.0, 0.0, 0.0, 16.0, None, math.nan, 8.0]

    found = histograms.bars(values)

    heights = [bar.height for bar in found]
    assert len(heights) == histograms.BINS
    assert heights[0] == histograms.HEIGHT
    assert heights[8] == heights[15] == pytest.approx(histograms.HEIGHT / 3, abs=0.1)
    assert sum(height > 0 for height in heights) == 3
    assert histograms.bars([3.0, 3.0]) == []
