"""A real local stack for tests and benchmarks: `batchyard up` in a folder of its own, spoken to over HTTP only."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from local import demo

TUTORIAL: dict[str, Any] = demo.JOB


class Stack:
    """A running stack: where it answers, and the process that started it."""

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self.process = process
        self.http = httpx2.Client(base_url=url, timeout=70)

    def submit(self, spec: Mapping[str, Any], **headers: str) -> str:
        """Submit a job and return its id."""
        answer = self.http.post("/api/v1/jobs", json=spec, headers=headers)
        assert answer.status_code in {201, 202}, answer.text
        return str(answer.json()["id"])

    def finished(self, job_id: str, timeout_s: float = 120) -> dict[str, Any]:
        """Wait by long polls until the job is done and return it; answers that fail are asked again."""
        deadline = time.monotonic() + timeout_s
        tag: dict[str, str] = {}
        while time.monotonic() < deadline:
            try:
                answer = self.http.get(f"/api/v1/jobs/{job_id}", headers={"Prefer": "wait=10", **tag})
            except httpx2.TransportError:  # the API is being restarted
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                tag = {"If-None-Match": answer.headers["ETag"]}
                job: dict[str, Any] = answer.json()
                if job["done"]:
                    return job
            elif answer.status_code != 304:
                time.sleep(0.1)
        raise AssertionError(f"{job_id} is not done after {timeout_s} s")

    def json(self, path: str) -> Any:
        """Return the JSON of a GET that must succeed."""
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def local_stack(folder: Path, *arguments: str, **settings: str) -> Iterator[Stack]:
    """Start `batchyard up` in `folder` on a free port, yield it when it is ready, and stop it by SIGTERM."""
    environ = os.environ | {f"BATCHYARD_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "batchyard", "up", "--data-dir", str(folder), "--port", "0", *arguments]
    with open(folder.parent / f"{folder.name}.out", "w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True, env=environ)
        try:
            stack = Stack(_ready_url(process, Path(output.name)), process)
            with stack.http:
                yield stack
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(timeout=90)


def _ready_url(process: "subprocess.Popen[str]", output: Path, timeout_s: float = 120) -> str:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        text = output.read_text()
        if found := re.search(r"Ready in .*?(http://\S+)", text):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the stack is not ready:\n{output.read_text()}")
