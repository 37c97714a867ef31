"""What a job takes of its machine: processor and memory as the kernel counts them, the GPU as nvidia-smi does."""

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from services.attempts.usage import INTERVAL_S, Sample
from services.settings import visible_gpu

FIRST_S = 0.5  #: after the start: a short job is seen once
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20
GPU_QUERY = ["nvidia-smi", "--format=csv,noheader,nounits", "--query-gpu=utilization.gpu,memory.used,temperature.gpu"]


class UsageMeter:
    """Takes a sample whenever one is due. Never waits: nvidia-smi is heard one sample after it was asked."""

    def __init__(self, pid: int, device: str, proc: Path = Path("/proc")) -> None:
        self.proc = proc / str(pid)
        self.asks_gpu = device == "cuda"
        self.due_at = time.monotonic() + FIRST_S
        self.asked: subprocess.Popen[str] | None = None
        self.before = (time.monotonic(), self._ticks())
        self.taken: list[tuple[float, Sample]] = []  #: with the times at which they were taken
        self._ask_gpu()

    def look(self) -> None:
        """Take a sample if one is due."""
        moment = time.monotonic()
        if moment < self.due_at:
            return
        self.due_at = moment + INTERVAL_S
        ticks, pages = self._ticks(), self._pages()
        if ticks is None or pages is None:
            return  # it has ended
        began, before = self.before
        self.before = (moment, ticks)
        cpu = None if before is None else round(100 * (ticks - before) / TICKS / (moment - began), 1)
        self.taken.append((moment, Sample(cpu, pages * PAGE_BYTES, *self._gpu())))
        self._ask_gpu()

    def take(self) -> list[tuple[float, Sample]]:
        """Return the samples since the last call, each with how many seconds ago it was taken."""
        taken, self.taken = self.taken, []
        moment = time.monotonic()
        return [(moment - at, sample) for at, sample in taken]

    def end(self) -> None:
        """Leave no process behind."""
        if self.asked:
            self.asked.kill()
            self.asked.communicate()
            self.asked = None

    def _processes(self) -> list[Path]:
        """Return the trainer and the further processes that its job may have."""
        children = self.proc / "task" / self.proc.name / "children"
        with suppress(OSError):
            return [self.proc, *(self.proc.parent / number for number in children.read_text().split())]
        return [self.proc]

    def _ticks(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            # The name in the second field may have blanks and brackets in it.
            stats = [(proc / "stat").read_text().rpartition(")")[2].split() for proc in self._processes()]
            return sum(int(fields[11]) + int(fields[12]) for fields in stats)
        return None

    def _pages(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            return sum(int((proc / "statm").read_text().split()[1]) for proc in self._processes())
        return None

    def _ask_gpu(self) -> None:
        if not self.asks_gpu or self.asked:
            return
        try:
            command = [*GPU_QUERY, f"--id={visible_gpu()}"]
            self.asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            self.asks_gpu = False  # it is not installed

    def _gpu(self) -> tuple[float | None, int | None, float | None]:
        if self.asked is None or self.asked.poll() is None:
            return None, None, None
        said, _ = self.asked.communicate()
        self.asked = None
        busy, memory, heat = (_number(word) for word in f"{said.strip()},,".split(",")[:3])
        return busy, None if memory is None else int(memory * MIB), heat


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None  # such as [N/A]
