"""The memory that a submit tells is what the trainer takes, within a factor of 2."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.once import once
from tests.trainer_memory import JOBS


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, int]]:
    """What each job was expected to take, and what it took."""
    lines = once(tmp_path_factory, "trainer_memory", lambda: _printed(tmp_path_factory.mktemp("memory")))
    return {line.pop("job"): line for line in map(json.loads, lines)}


def _printed(folder: Path) -> list[bytes]:
    # A process of its own: this one has threads, which a fork would leave behind.
    command = [sys.executable, "-m", "tests.trainer_memory", str(folder)]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.run(
        command, env=os.environ | one_thread, cwd=Path.cwd(), stdout=subprocess.PIPE, check=True, timeout=280
    ).stdout.splitlines()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", JOBS)
def test_the_estimate_is_within_a_factor_of_two(found: dict[str, dict[str, int]], name: str) -> None:
    assert 0.5 < found[name]["expected"] / found[name]["took"] < 2, found[name]
