"""Builds exports one after another, each in a process of its own, while requests go on."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from services.errors import BatchyardError, Overloaded
from services.export_errors import ExportFailed
from services.exports.building import REPORT, RESULT
from services.exports.formats import Format
from services.exports.outcome import taken
from services.exports.shared_exports import AnyExports
from services.exports.subject import Subject
from services.settings import child_environment

log = structlog.get_logger()

ROOT = Path(__file__).parents[2]
MOST = 16  #: exports that are being built, wait for it, or failed and nobody has heard of it
TIMEOUT_S = 900.0
WORDS = 2_000  #: last characters of what a process said that are logged
Key = tuple[str, str]  #: the job, and the name of the file


class Builder:
    """The builds under way. What one met is told to whoever asks for the same export next, once."""

    def __init__(self, files: AnyExports) -> None:
        self.files = files
        self.lock = threading.Lock()
        self.turn = threading.Lock()  #: held by the one build that runs
        self.waiting: set[Key] = set()
        self.failed: dict[Key, BatchyardError] = {}
        self.running: subprocess.Popen[str] | None = None
        self.closed = False

    def begin(self, key: Key, kind: Format, subject: Callable[[], Subject], is_wanted: Callable[[], bool]) -> None:
        """Begin a build unless it is under way. `is_wanted` says at the end whether the job is still there.

        Raises: what the build before this one met; whatever `subject` raises; Overloaded.
        """
        with self.lock:
            if error := self.failed.pop(key, None):
                raise error
            if key in self.waiting:
                return
            if len(self.waiting) >= MOST:
                raise Overloaded(f"{len(self.waiting)} exports are being built.")
            self.waiting.add(key)
        try:
            work = (key, kind, subject(), is_wanted)
        except BaseException:
            with self.lock:
                self.waiting.discard(key)
            raise
        threading.Thread(target=self._build, args=work, daemon=True, name="export").start()

    def close(self) -> None:
        """End the build that runs; no other begins."""
        with self.lock:
            self.closed = True
            if self.running:
                self.running.kill()

    def _build(self, key: Key, kind: Format, subject: Subject, is_wanted: Callable[[], bool]) -> None:
        error: BatchyardError | None = None
        try:
            with self.turn, self.files.draft() as draft:
                subject.write(draft)
                self._run(draft, kind)
                self.files.keep(draft / RESULT, *key, **taken(draft / REPORT))
            if not is_wanted():
                self.files.remove(subject.job)
        except BatchyardError as met:
            error = met
        except Exception:
            log.exception("an export failed", job=subject.job, format=str(kind))
            error = ExportFailed(f"The export as {kind} failed. The server's log says why.")
        with self.lock:
            self.waiting.discard(key)
            if error is not None:
                self.failed[key] = error
                while len(self.failed) > MOST:
                    del self.failed[next(iter(self.failed))]

    def _run(self, draft: Path, kind: Format) -> None:
        """Build in a process of its own.

        Raises: ExportFailed when it ends without a report.
        """
        command = [sys.executable, "-m", "services.exports.building", str(draft), str(kind), str(os.getpid())]
        with self.lock:
            if self.closed:
                raise ExportFailed("The server is stopping; ask again.")
            environment = child_environment(OMP_NUM_THREADS="1")
            self.running = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
        try:
            _, words = self.running.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()
            words = f"it took more than {TIMEOUT_S:.0f} s"
        if not (draft / REPORT).exists():
            log.error("a build of an export ended", status=self.running.returncode, words=words[-WORDS:])
            raise ExportFailed(f"The export as {kind} could not be built. The server's log says why.")
