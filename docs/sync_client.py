"""Writes the blocking client from `batchyard/aio`: the same source without `async` and `await`."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "batchyard" / "aio"
TARGET = ROOT / "batchyard"
NOTE = "# Generated from {} by `make client`: change that file.\n"
WORDS = [
    (r"batchyard\.aio\b", "batchyard"),
    (r"\basyncio\.sleep", "time.sleep"),
    (r"^import asyncio\n(import time\n)?", "import time\n"),
    (r"\bawait ", ""),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\bAsync(Client|BaseTransport)\b", r"\1"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\baiter_bytes\b", "iter_bytes"),
    (r"\ba(read|close)\(", r"\1("),
]


def generated() -> dict[Path, str]:
    """Return the text of each blocking file by its path."""
    return {TARGET / path.name: _blocking(path) for path in sorted(SOURCE.glob("*.py")) if path.name != "__init__.py"}


def _blocking(path: Path) -> str:
    text = path.read_text()
    for pattern, replacement in WORDS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    head, rest = text.split("\n", 1)
    text = f"{head}\n{NOTE.format(path.relative_to(ROOT).as_posix())}{rest}"
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(TARGET / path.name), "-"]
    for command in (["check", "--fix-only", "--select", "I", "-q", *name], ["format", "-q", *name]):
        text = subprocess.run(
            [*ruff, *command], input=text, text=True, capture_output=True, check=True, cwd=ROOT
        ).stdout
    return text


def main() -> None:
    """Write every file."""
    for path, text in generated().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
