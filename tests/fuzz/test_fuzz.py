"""schemathesis against a running stack: whatever the document allows is answered as the document says."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import stock
from tests.stack import Stack, local_stack

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "10")  #: requests to each operation and phase
SEEDS = os.environ.get("FUZZ_SEEDS", "1").split(",")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack on which nothing waits for long, and whose webhooks reach this machine only."""
    settings = {"max_wait_s": "0.2", "stream_s": "0.2", "body_window_s": "1", "webhooks_private": "127.0.0.0/8"}
    with local_stack(tmp_path_factory.mktemp("fuzz") / "data", "--workers", "1", **settings) as running:
        yield running


@pytest.mark.fuzz
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_as_the_document_says(seed: str, stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text((HERE / "schemathesis.toml").read_text() + dictionaries(stock.fill(stack)))
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run"]
    command += [f"{stack.url}/api/v1/openapi.json", "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--seed", seed, "--max-examples", EXAMPLES, "--continue-on-failure", "--no-shrink", "--no-color"]
    command += ["--generation-database", "none"]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.fuzz.checks"}

    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert stack.json("/readyz")["status"] == "ok"


def dictionaries(found: stock.Stock) -> str:
    """Return the names of what is there, as schemathesis reads them."""
    known = vars(found) | {
        "models": [stock.MODEL],
        "aliases": [stock.ALIAS],
        "versions": ["1", "2"],
        "problems": ["not-found", "validation-error", "nonfinite-cost"],
        "receivers": [stock.RECEIVER],
    }
    return "".join(f"\n[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in known.items())
