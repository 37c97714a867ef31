"""Processes that stand still where a test wants them, so that none ends before the test has acted."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.faultpoint import passed


def until(is_so: Callable[[], Any], timeout_s: float = 120) -> float:
    """Wait until something is so; return how long that took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < timeout_s
        time.sleep(0.02)
    return time.monotonic() - began


class Hold:
    """Keeps processes at a point once it was passed `after` times.

    At `trainer.trained` a job runs as freely as ever, but can't end; at `trainer.epoch` it goes no further.
    """

    def __init__(self, points: Path, name: str, after: int = 0) -> None:
        self.points = points
        self.seen = 0
        self.asked = passed(points).count("trainer.asked")
        (points / "held").unlink(missing_ok=True)
        self.move(name, after)

    def move(self, name: str, after: int = 0) -> None:
        """Keep them where a point is passed after so many more times; those that stand before it go on."""
        new = self.points / "hold.new"
        new.write_text(f"{passed(self.points).count(name) + after + 1} {name}")
        new.replace(self.points / "hold")

    def next(self, ring: Callable[[], Any] = lambda: True) -> int:
        """Ring until one more process stands at the point, and return its id."""
        until(lambda: ring() and len(self.standing()) > self.seen)
        self.seen += 1
        return self.standing()[self.seen - 1]

    def standing(self) -> list[int]:
        """Return the ids of those that have come to stand at the point so far."""
        held = self.points / "held"
        return [int(line) for line in held.read_text().split("\n")[:-1]] if held.exists() else []

    def until_asked(self) -> None:
        """Wait until a trainer has heard that it is asked to stop."""
        until(lambda: passed(self.points).count("trainer.asked") > self.asked)

    def end(self, *, asked: bool = False) -> None:
        """Let all of them go on; if wanted, once one of them has heard that it is asked to stop."""
        if asked:
            self.until_asked()
        (self.points / "hold").unlink(missing_ok=True)
