"""How long a job has trained, in three levels."""

import pytest

from services.queue.time_slice import level


@pytest.mark.parametrize(
    ("trained_s", "reached"), [(-58.0, 0), (0.0, 0), (1.9, 0), (2.0, 1), (19.9, 1), (20.0, 2), (1e6, 2)]
)
def test_a_jobs_level_rises_with_the_time_that_it_has_trained(trained_s: float, reached: int) -> None:
    assert level(trained_s, 2.0) == reached
    assert level(trained_s, 0.0) == 0
