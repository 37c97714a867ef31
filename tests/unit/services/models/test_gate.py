"""The gate refuses what is worse and seldom what is not."""

import numpy as np

from services.models.gate import compare


def test_of_pairs_that_are_equally_good_at_most_one_in_twenty_is_refused() -> None:
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        difficulty = random.exponential(1.0, 300)  # of the rows, for both
        champion = difficulty * random.exponential(1.0, 300)
        challenger = difficulty * random.exponential(1.0, 300)
        refused += not compare(champion, challenger, margin=0.0)["passed"]

    assert refused <= 10


def test_what_is_clearly_worse_is_refused_unless_the_margin_allows_it() -> None:
    random = np.random.default_rng(1)
    champion = random.exponential(1.0, 400)
    challenger = champion + random.normal(0.2, 0.3, 400)

    report = compare(champion, challenger, margin=0.0)

    assert not report["passed"]
    assert report["interval"][0] < report["difference"] < report["interval"][1]
    assert compare(champion, challenger, margin=0.5)["passed"]
    assert compare(challenger, champion, margin=0.0)["passed"]


def test_the_interval_is_that_of_the_mean() -> None:
    random = np.random.default_rng(2)
    differences = random.normal(0.1, 1.0, 5_000)

    low, high = compare(np.zeros(5_000), differences, margin=0.0)["interval"]

    error = 1.96 * differences.std() / np.sqrt(5_000)  # the normal approximation, exact enough for so many rows
    assert abs(low - (differences.mean() - error)) < 0.1 * error
    assert abs(high - (differences.mean() + error)) < 0.1 * error
