"""What runs the tests elsewhere calls targets that the Makefile has."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALL = re.compile(r"(?:^|run: |entry: |`)make ([a-z][a-z -]*)", re.MULTILINE)


@pytest.mark.parametrize(
    "path", [".ci/run", ".github/workflows/test.yml", ".pre-commit-config.yaml", "CONTRIBUTING.md"]
)
def test_every_target_that_is_called_exists(path: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    called = {name for names in CALL.findall((ROOT / path).read_text()) for name in names.split()}

    assert called
    assert called <= targets
