"""The command without a server: sentences, exit codes, and how soon its help is there."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from batchyard.command import COMMANDS, main
from batchyard.commands.endings import ending
from batchyard.errors import NotFound

GONE = "http://127.0.0.1:9"
SOUND = {"model_summary": {"parameters": 1}}


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("batchyard.retries.FIRST_S", 0.0)
    for name in ("BATCHYARD_URL", "BATCHYARD_SERVER"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, stdin: str = "") -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments, input=stdin)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help_and_is_there(name: str) -> None:
    if name in {"up", "demo", "server"}:  # what they take, the server says
        assert main.get_command(None, name) is not None  # type: ignore[arg-type]
        return

    found = run(name, "--help")

    assert found.exit_code == 0
    assert "Usage:" in found.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["ls"],
        ["show", "job_1"],
        ["submit", "--builtin", "iris"],
        ["data", "ls"],
        ["catalog"],
        ["status"],
        ["api", "queue"],
    ],
    ids=" ".join,
)
def test_without_a_server_it_says_how_to_start_one_and_ends_with_6(arguments: list[str]) -> None:
    found = run("--server", GONE, *arguments)

    assert found.exit_code == 6
    assert found.stdout == ""
    assert "docker compose up" in found.stderr


def test_options_stand_before_or_after_the_command() -> None:
    assert run("-s", GONE, "config", "--json").stdout == run("config", "--json", "-s", GONE).stdout


def test_a_wrong_command_is_told_the_right_one() -> None:
    found = run("sumbit")

    assert found.exit_code == 2
    assert "Did you mean 'submit'?" in found.stderr


def test_init_writes_a_spec_that_is_read_back_and_never_over_one(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,the kind\n1,x\n")

    assert run("init", "rows.csv", "--target", "the kind").exit_code == 0
    text = (tmp_path / "job.yaml").read_text()
    again = run("init", "rows.csv", "--target", "the kind")

    from batchyard import spec_files

    assert spec_files.read(text, "job.yaml").spec["data"] == {"file": "rows.csv", "target": "the kind"}
    assert again.exit_code == 2
    assert (tmp_path / "job.yaml").read_text() == text


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"\x89PNG\r\n\0\xff", "is not CSV"), (None, "is a folder")],
)
def test_a_file_that_is_no_csv_is_refused_with_what_to_do(tmp_path: Path, content: bytes | None, says: str) -> None:
    if content is None:
        (tmp_path / "rows.csv").mkdir()
    else:
        (tmp_path / "rows.csv").write_bytes(content)

    for arguments in (["predict", "rows.csv"], ["init", "rows.csv", "--target", "a"]):
        found = run("-s", GONE, *arguments)
        assert found.exit_code == 2, found.stderr
        assert says in found.stderr


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom batchyard.command import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('httpx2', 'rich', 'yaml', 'numpy', 'torch', 'sklearn') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_hangs_is_given_up_after_the_timeout(hanging: str) -> None:
    began = time.monotonic()
    found = run("-s", hanging, "ls", "--timeout", "0.5")

    assert found.exit_code == 6
    assert "did not answer in time" in found.stderr
    assert time.monotonic() - began < 5


def test_ctrl_c_while_nothing_is_watched_ends_with_130_and_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        whole = [sys.executable, "-m", "batchyard", "-s", f"http://127.0.0.1:{server.getsockname()[1]}", "ls"]
        waiting = subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(60)
            connection.recv(1)  # it has asked, so it waits for the answer

            waiting.send_signal(signal.SIGINT)
            out, said = waiting.communicate(timeout=60)

    assert waiting.returncode == 130, said
    assert out == ""
    assert "keep running" in said
    assert "Traceback" not in said


@pytest.mark.alone
def test_help_is_there_within_12_times_an_empty_python() -> None:
    def best(*arguments: str) -> float:
        took = []
        for _ in range(7):
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
            took.append(time.perf_counter() - began)
        return min(took)

    assert best("-m", "batchyard", "--help") <= 12 * best("-c", "pass")


@pytest.mark.parametrize(
    ("detail", "problem", "says"),
    [
        ("There is no job 'x'.", {}, "There is no job 'x'. Those that exist: batchyard ls"),
        ("There is no data set 'x'.", {}, "There is no data set 'x'. Those that exist: batchyard data ls"),
        ("There is no job 'x'. Did you mean 'y'?", {"suggestion": "y"}, "There is no job 'x'. Did you mean 'y'?"),
    ],
)
def test_what_is_not_there_is_told_with_where_to_look(detail: str, problem: dict[str, str], says: str) -> None:
    assert ending(NotFound(detail, status=404, problem=problem)) == (5, says)


def test_a_part_of_the_model_alone_is_one_of_the_usual_model(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("batchyard.jobs.Jobs.validate", lambda _, spec: sent.append(spec) or SOUND)

    found = run("--server", GONE, "submit", "--builtin", "iris", "--set", "model.hidden=[8]", "--dry-run")

    assert found.exit_code == 0
    assert sent[0]["model"] == {"type": "mlp", "hidden": [8]}
