"""How long a job has trained, in three levels."""

import pytest

from services.queue.time_slice import level


@pytest.mark.parametrize(
    ("served_s", "reached"), [(-58.0, 0), (0.0, 0), (1.9, 0), (2.0, 1), (19.9, 1), (20.0, 2), (1e6, 2)]
)
def test_a_jobs_level_rises_with_the_time_that_it_has_trained(served_s: float, reached: int) -> None:
    assert level(served_s, 2.0) == reached
    assert level(served_s, 0.0) == 0
