"""The wheel alone: installed without the server's libraries, typed for users."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import batchyard

by = batchyard.Client()
net = batchyard.Layers([batchyard.layers.Linear(8), batchyard.layers.ReLU(), batchyard.layers.Linear("auto")])
job = by.jobs.submit(data={"builtin": "iris"}, model=net, optimizer=batchyard.AdamW(lr=1e-3), epochs=5)
status: str = job.result(timeout=60).status
best = job.best
epoch: int = best.epoch if best else 0
names: list[str] = [entry["name"] for entry in by.jobs.list()]
kinds: list[str] = [event.type for event in job.events()]
try:
    by.job("x")
except batchyard.NotFound as error:
    code: str = error.code
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel and the four libraries that it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(build, check=True, timeout=200)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True, timeout=100)
    python = folder / "venv/bin/python"
    wheel = next(folder.glob("batchyard-*.whl"))
    constraint = ["-c", str(ROOT / "requirements.lock")]
    subprocess.run([str(python), "-m", "pip", "install", "-q", *constraint, str(wheel)], check=True, timeout=250)
    return python


def outside(python: Path, *arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a Python that sees nothing of this checkout."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BATCHYARD"))}
    environ |= {"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return subprocess.run(
        [str(python), *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=100
    )


def test_the_wheel_works_without_the_servers_libraries(python: Path, tmp_path: Path) -> None:
    script = (
        "import importlib.util as u, batchyard, batchyard.aio; batchyard.Client; print(batchyard.__file__);"
        "print([m for m in ('torch','flask','sqlalchemy','numpy','services','api','worker') if u.find_spec(m)])"
    )

    found = outside(python, "-c", script, folder=tmp_path)
    helped = outside(python, "-m", "batchyard", "--help", folder=tmp_path)
    gone = outside(python, "-m", "batchyard", "-s", "http://127.0.0.1:9", "doctor", folder=tmp_path)
    up = outside(python, "-m", "batchyard", "up", folder=tmp_path)

    assert found.returncode == 0, found.stderr
    assert "site-packages" in found.stdout
    assert found.stdout.splitlines()[-1] == "[]"
    assert helped.returncode == 0
    assert "submit" in helped.stdout
    assert gone.returncode == 1
    assert "fix:" in gone.stdout
    assert up.returncode == 1
    assert "only the client" in up.stderr


def test_a_users_script_is_typed(python: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    wrong_calls = ["job.best.epoch.upper()", 'batchyard.AdamW(lr="fast")', "batchyard.SGD(rate=1)"]
    (tmp_path / "wrong.py").write_text(SCRIPT + "\n".join(wrong_calls) + "\n")
    check = ["-m", "mypy", "--strict", "--no-error-summary", "--python-executable", str(python)]

    right = outside(Path(sys.executable), *check, "script.py", folder=tmp_path)
    wrong = outside(Path(sys.executable), *check, "wrong.py", folder=tmp_path)

    assert right.returncode == 0, right.stdout + right.stderr
    assert wrong.returncode == 1
    told = {line.split(":")[1] for line in wrong.stdout.splitlines() if ": error:" in line}
    assert len(told) == len(wrong_calls), wrong.stdout
