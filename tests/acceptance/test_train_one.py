"""`make train-one`: a job in one process, with the costs that the training itself gives."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.demo import JOB
from tests.make import make_training


def train_one(path: Path, spec: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run a spec from a file."""
    path.write_text(json.dumps(spec))
    command = [sys.executable, "-m", "local.train_one", str(path)]
    return subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)


def test_it_prints_the_costs_of_each_epoch(tmp_path: Path) -> None:
    job = JOB | {"epochs": 5}

    done = train_one(tmp_path / "job.json", job)

    trained = make_training(**job).fit()
    expected = [f"epoch={costs.epoch} train_cost={costs.train_cost:.6g}" for costs in trained]
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:5] == expected


def test_the_faults_of_a_spec_are_listed_each_with_its_place(tmp_path: Path) -> None:
    done = train_one(tmp_path / "job.json", {"data": {"builtin": "iriss"}, "model": "mlpp"})

    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["#/data/builtin", "#/model"]
