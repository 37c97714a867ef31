"""The slots of one worker, as its processes tell each other of them."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

HEARD, CLAIMED = b"h", b"c"  #: the two pieces of news


@dataclass(frozen=True)
class Slots:
    """Where a worker's supervisors find what they need."""

    device: str
    count: int
    worker: str  #: the worker's id
    fork_server: Path  #: its socket
    news: int  #: a pipe to the worker's first process
    memory_bytes: int = 0  #: the most that one trainer may take; 0: no limit is known

    processes: int = 1  #: the most that one job may have

    def tell(self, what: bytes) -> None:
        """Tell the first process that a nudge was heard or a job claimed. Never waits."""
        # Full: it has enough news. Closed: it is gone, and the kernel ends this process too.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self.news, what)

    def as_json(self) -> str:
        """Return the slots as an argument of a command."""
        return json.dumps(asdict(self) | {"fork_server": str(self.fork_server)})

    @classmethod
    def from_json(cls, text: str) -> "Slots":
        """Read what `as_json` wrote."""
        given = json.loads(text)
        return cls(**given | {"fork_server": Path(given["fork_server"])})
