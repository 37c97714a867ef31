"""Two API processes behind a real proxy, as the guide sets them up, restarted one after the other under load."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest

from services.settings import Settings
from tests.processes import below
from tests.served import HOST, Served, begun, free_port, heard, wait_for

GUIDE = Path(__file__).parents[2] / "docs/how-to/machines.md"
JOB = {"data": {"x": [[1], [2]], "y": [[1], [2]]}, "split": {"type": "none"}, "model": "linear", "epochs": 1}


class Site:
    """A proxy and the two API processes behind it."""

    def __init__(self, settings: Settings, redis_url: str, folder: Path) -> None:
        self.settings, self.redis_url, self.folder = settings, redis_url, folder
        self.ports = [free_port(), free_port()]
        self.address, self.admin = f"http://{HOST}:{free_port()}", f"{HOST}:{free_port()}"
        self.processes = [self._begun(n) for n in range(2)]
        self.proxy = self._proxied()

    def wait(self) -> None:
        """Wait until the proxy sends requests to both."""
        for n in range(2):
            wait_for(self.ports[n], self.processes[n], self._log(n))
            self.wait_until(n, 200)

    def close(self) -> None:
        """End everything."""
        for process in (self.proxy, *self.processes):
            process.kill()
            process.wait()

    def end(self, n: int) -> None:
        """End an API process as an update does; it answers also the request that it is receiving."""
        old, workers, api = self.processes[n], below(self.processes[n].pid), Served(self.ports[n])
        body = json.dumps(JOB).encode()
        head = api.head("POST /api/v1/jobs", Content_Type="application/json", Content_Length=len(body))
        with api.connect(head + body[:9]) as received:
            old.terminate()
            self.wait_until(n, 503)
            for worker in workers:  # the drain would last longer than the test: this ends it
                os.kill(worker.pid, signal.SIGTERM)
            until(lambda: is_closed(self.ports[n]))
            received.sendall(body[9:])
            assert heard(received).status == 202
        assert old.wait(timeout=60) == 0

    def begin(self, n: int) -> None:
        """Start an API process in the place of one that ended."""
        self.processes[n] = self._begun(n)
        wait_for(self.ports[n], self.processes[n], self._log(n))
        self.wait_until(n, 200)

    def wait_until(self, n: int, status: int) -> None:
        """Wait until the proxy, which alone asks, has heard several times whether a process is ready."""
        count = f'http_request_duration_seconds_count{{method="GET",route="/readyz",status="{status}"}} '
        told = f"http://{HOST}:{self.ports[n]}/metrics"
        until(lambda: float(httpx2.get(told).text.partition(count)[2].partition("\n")[0] or 0) >= 3)

    def _proxied(self) -> "subprocess.Popen[bytes]":
        (self.folder / "Caddyfile").write_text(self._caddyfile())
        command = [Path(sys.executable).with_name("caddy"), "run", "--config", self.folder / "Caddyfile"]
        with open(self.folder / "caddy.log", "w") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env={"HOME": str(self.folder)})

    def _begun(self, n: int) -> "subprocess.Popen[bytes]":
        return begun(self.settings, self.redis_url, self._log(n), self.ports[n], api_drain_s=600, body_window_s=600)

    def _log(self, n: int) -> Path:
        return self.folder / f"api{n}.log"

    def _caddyfile(self) -> str:
        (text,) = [block for block in GUIDE.read_text().split("```")[1::2] if "health_uri" in block]
        text = text.replace("train.example.org", self.address).replace("interval 1s", "interval 50ms")
        for told, port in zip(("8001", "8002"), self.ports, strict=True):
            assert told in text
            text = text.replace(told, str(port))
        return f"{{\n admin {self.admin}\n}}\n{text}"


@pytest.fixture
def site(settings: Settings, valkey: str, tmp_path: Path) -> Iterator[Site]:
    """Two API processes behind a proxy."""
    with ExitStack() as stack:
        site = Site(settings, valkey, tmp_path)
        stack.callback(site.close)
        site.wait()
        yield site


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_no_request_fails_while_the_processes_are_restarted_one_after_the_other(site: Site) -> None:
    ended = threading.Event()
    with httpx2.Client(base_url=site.address, timeout=60) as http:
        load = Load(http)
        threads = [threading.Thread(target=load.until, args=(ended, act)) for act in load.acts]
        for thread in threads:
            thread.start()
        until(lambda: load.seen and load.answers["submit", 202] > 10)
        for n in range(2):
            site.end(n)
            if n == 0:  # the last one need not come back for what is asked here
                site.begin(n)
        polls = load.answers["poll", 304] + load.answers["poll", 200]
        http.post(f"/api/v1/jobs/{load.job}/cancel").raise_for_status()
        until(lambda: load.answers["listen", 204])
        ended.set()
        for thread in threads:
            thread.join(timeout=60)
        last = http.get(f"/api/v1/jobs/{load.job}/events?limit=100").json()["data"][-1]
        waiting = re.search(r'^batchyard_jobs{state="queued"} (\d+)', http.get("/metrics").text, re.MULTILINE)

    good = {("submit", 202), ("read", 200), ("poll", 200), ("poll", 304), ("listen", 200), ("listen", 204)}
    assert load.failures == []
    assert set(load.answers) <= good
    assert polls  # whoever waited in a process that ended was answered
    assert (load.seen, last["type"]) == (list(range(1, last["seq"] + 1)), "end")
    assert waiting
    assert (
        int(waiting[1]) == len(load.keys) + 2
    )  # each key made one job, whichever processes heard it; two came without


class Load:
    """What several clients do at once, and what they are answered; nobody tries anything twice."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http
        self.job = http.post("/api/v1/jobs", json=JOB).json()["id"]
        self.acts = (self.submit, self.submit, self.read, self.poll, self.listen)
        self.answers: Counter[tuple[str, int]] = Counter()
        self.failures: list[str] = []
        self.keys: set[str] = set()
        self.seen: list[int] = []  #: numbers of the events of the job

    def until(self, ended: threading.Event, act: Callable[[str], int]) -> None:
        """Act again and again."""
        for n in itertools.count():
            try:
                self.answers[act.__name__, act(str(n))] += 1
            except httpx2.HTTPError as error:
                self.failures.append(f"{act.__name__}: {error!r}")
            if ended.wait(0.05):
                return

    def submit(self, n: str) -> int:
        """Submit a job under a key that another client uses at the same time."""
        self.keys.add(n)
        return self.http.post("/api/v1/jobs", json=JOB, headers={"Idempotency-Key": n}).status_code

    def read(self, _: str) -> int:
        """Read the job."""
        return self.http.get(f"/api/v1/jobs/{self.job}").status_code

    def poll(self, _: str) -> int:
        """Wait for news of the job, of which there are none."""
        now = self.http.get(f"/api/v1/jobs/{self.job}")
        if now.json()["done"]:
            return now.status_code
        asked = {"If-None-Match": now.headers["ETag"], "Prefer": "wait=50"}
        return self.http.get(f"/api/v1/jobs/{self.job}", headers=asked).status_code

    def listen(self, _: str) -> int:
        """Hear the events of the job from the last one on."""
        asked = {"Accept": "text/event-stream", "Last-Event-ID": str(self.seen[-1] if self.seen else 0)}
        with self.http.stream("GET", f"/api/v1/jobs/{self.job}/events", headers=asked) as answer:
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    self.seen.append(int(line[4:]))
        return answer.status_code


def is_closed(port: int) -> bool:
    """Return whether nobody takes connections on a port."""
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) != 0


def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    for _ in range(2_400):
        with suppress(httpx2.TransportError):
            if is_so():
                return
        time.sleep(0.05)
    raise AssertionError("it never was")
