"""A submit rings the workers by itself: once for each work, and never above what may wait."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from api import ringer
from services.nudges import Bell, nudge
from services.settings import Settings
from services.wiring.api import Api
from tests.hold import until
from tests.make import make_job


@pytest.fixture
def bell(valkey: str) -> Iterator[Bell]:
    with closing(Bell(valkey)) as bell:
        yield bell


def test_nudges_are_published_up_to_the_most_that_may_wait(bell: Bell) -> None:
    depths = []
    for times in (1, 3, 9, 1):
        nudge(bell, "cpu", times, most=5)
        depths.append((bell.depth("cpu"), bell.depth("cuda")))

    assert depths == [(1, 0), (4, 0), (5, 0), (5, 0)]


def test_a_submit_rings_once_and_an_ended_pause_for_all_that_waits(settings: Settings, valkey: str, bell: Bell) -> None:
    with closing(Api(replace(settings, redis_url=valkey))) as joined:
        ringer.start(joined)
        make_job(joined.base)
        until(lambda: bell.depth("cpu") == 1)
        joined.pause_queue(paused=True)
        bell.redis.flushall()

        for seed in range(3):
            make_job(joined.base, seed=seed)
        until(lambda: bell.depth("cpu") == 3)
        joined.pause_queue(paused=False)

        until(lambda: bell.depth("cpu") == 4)
        assert bell.depth("cuda") == 0
