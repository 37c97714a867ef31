"""The seed of a run, which decides what is killed and when."""

import os
import random

import pytest

SEED = int(os.environ.get("BATCHYARD_CHAOS_SEED") or random.SystemRandom().randrange(10**6))


def pytest_report_header() -> str:
    """Say how this run can be repeated."""
    return f"chaos: BATCHYARD_CHAOS_SEED={SEED}"


@pytest.fixture
def seed() -> int:
    """What the dice of this run start from."""
    return SEED
