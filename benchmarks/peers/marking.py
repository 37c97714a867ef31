"""What every task queue runs: a task that notes the moment when it begins, and a submitter that waits for that.

Nothing here needs more than the standard library, since each queue has this file as its only common ground.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

#: Of the Valkey: `unix:///path`.
SOCKET = os.environ.get("QUEUE_SOCKET", "")


def mark(path: str) -> None:
    """Be the body of a task: note the moment, whole or not at all."""
    began = time.monotonic()
    half = Path(f"{path}.half")
    half.write_text(str(began))
    half.rename(path)


def tell(submit: Callable[[str], object]) -> None:
    """For each line of the input, a path: submit a task, print the seconds until its body began."""
    for line in sys.stdin:
        path = Path(line.strip())
        began = time.monotonic()
        submit(str(path))
        while not path.exists():
            time.sleep(0.0005)
        print(float(path.read_text()) - began, flush=True)
