"""A stack that is opened to a network, used as the how-to says: the first key, login, another owner, revocation."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.stack import local_stack

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def command(home: Path, *arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user with a home of their own would."""
    given = os.environ | {"XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)} | environ
    whole = [sys.executable, "-m", "batchyard", *arguments]
    return subprocess.run(whole, env=given, input=stdin, capture_output=True, text=True, timeout=120)


def test_a_stack_that_is_opened_to_a_network_is_used_with_keys_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with local_stack(folder, "--host", "0.0.0.0", "--workers", "1") as stack:
        shown = re.findall(r"by_[0-9a-z]{52}", (tmp_path / "data.out").read_text())
        assert len(shown) == 1
        at = ("--server", stack.url)

        assert command(tmp_path, *at, "ls").returncode == 4
        assert command(tmp_path, *at, "login", stdin="by_wrong\n").returncode == 4
        assert command(tmp_path, *at, "login", stdin=shown[0] + "\n").returncode == 0
        assert stat.S_IMODE((tmp_path / "batchyard/keys.json").stat().st_mode) == 0o600
        (tmp_path / "job.json").write_text('{"data": {"builtin": "iris"}, "model": "linear", "epochs": 2}')
        done = command(tmp_path, *at, "submit", str(tmp_path / "job.json"), "--wait")
        assert done.returncode == 0, done.stderr

        made = command(tmp_path, "server", "keys", "create", "--owner", "alice", "--data-dir", str(folder))
        assert re.fullmatch(r"by_[0-9a-z]{52}\n", made.stdout)
        alice = {"BATCHYARD_API_KEY": made.stdout.strip()}
        assert command(tmp_path, *at, "ls", "--json", **alice).stdout.strip() == "[]"
        key_id = re.search(r"key_\w{20}", made.stderr)
        assert key_id
        command(tmp_path, "server", "keys", "revoke", key_id[0], "--data-dir", str(folder))
        assert command(tmp_path, *at, "ls", **alice).returncode == 4

        first = {"Authorization": f"Bearer {shown[0]}"}
        audit = httpx2.get(f"{stack.url}/api/v1/audit", headers=first).json()["data"]
        assert {"jobs.submit", "keys.create", "keys.revoke"} <= {entry["action"] for entry in audit}
        command(tmp_path, *at, "logout")
        assert command(tmp_path, *at, "ls").returncode == 4

    assert shown[0] not in "".join(path.read_text() for path in (folder / "logs").iterdir())


def test_it_does_not_start_open_to_a_network_without_keys(tmp_path: Path) -> None:
    up = ("up", "--host", "0.0.0.0", "--port", "0", "--data-dir", str(tmp_path / "data"))
    api = ("server", "api", "--bind", "0.0.0.0:0")

    for refused in (command(tmp_path, *up, BATCHYARD_AUTH="none"), command(tmp_path, *api, BATCHYARD_AUTH="none")):
        assert refused.returncode == 1
        assert "BATCHYARD_AUTH=keys" in refused.stderr
        assert "BATCHYARD_PUBLISHED_HOST=127.0.0.1" in refused.stderr
        assert "Traceback" not in refused.stderr
