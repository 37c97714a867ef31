"""F30: whatever a process was doing when it was killed, the next one finds what it needs."""

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from services.settings import PREFIX, Settings, child_environment

EVERY = {"sqlite": 1, "postgresql": 3}  #: a run tries every so many points, from one that the seed gives
SHARES = 4  #: tests that share the points, to run beside each other
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
QUICK = {
    "FLUSH_INTERVAL_S": "0",
    "CHUNK_BYTES": "12000",
    "BACKOFF_S": "0",
    "REAP_READS": "2",
    "MAX_ATTEMPTS_WITHOUT_PROGRESS": "5",
}


@pytest.mark.chaos
@pytest.mark.timeout(500)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_process_that_dies_at_any_point_loses_and_doubles_nothing(
    settings: Settings, tmp_path: Path, seed: int, share: int
) -> None:
    every = EVERY["sqlite" if "sqlite" in settings.sqlalchemy_url else "postgresql"]
    folder = tmp_path / "life"
    folder.mkdir()
    given = {
        f"{PREFIX}{field.name.upper()}": str(getattr(settings, field.name))
        for field in fields(settings)
        if getattr(settings, field.name) != field.default
    }
    given |= {f"{PREFIX}{name}": text for name, text in QUICK.items()} | {f"{PREFIX}FAULTPOINTS": str(folder)}
    first = 1 + seed % every + share * every

    command = [sys.executable, "-m", "tests.chaos.life", str(folder), str(first), str(every * SHARES)]
    lived = subprocess.run(command, env=child_environment(**given, **ONE_THREAD), capture_output=True, text=True)

    assert lived.returncode == 0, lived.stderr[-3000:]
    *lives, counted = [json.loads(line) for line in lived.stdout.splitlines() if line.startswith("{")]
    calm = lives[0]
    jobs = sum(life.get("jobs", 0) for life in lives)
    print(f"{counted['points']} points {counted['by_name']}; {len(lives) - 1} kills, {jobs} jobs")
    assert [life for life in lives if life["broken"]] == []
    assert len(calm["bits"]) == 1
    assert [life for life in lives if life["bits"] not in ([], calm["bits"])] == []
    killed = [life["killed"] for life in lives[1:]]
    assert killed.count(True) >= 0.9 * len(killed)
    assert (calm["killed"], calm["ended"]) == (False, 0)
