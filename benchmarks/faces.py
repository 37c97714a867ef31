"""The numbers of the faces: time of pages, the first curve, open pages and tabs, `fit`, uploads, `--help`, sizes."""

import gzip
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright
from sklearn.datasets import load_iris

import batchyard
from benchmarks import client_upload, pages
from benchmarks.report import percentile, report
from tests import valkey
from tests.browser.conftest import ARGUMENTS, CHROMIUM, ENDLESS
from tests.stack import Stack, local_stack

STATIC = Path(__file__).parents[1] / "api/pages/static"
PAGES, SUBMITS, ROUNDS, TABS = 500, 200, 7, 10
PAUSE_S = 0.05  #: between two submits
QUICK = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 2}
#: In the page: milliseconds from the beginning of its load until the first chart is drawn.
UNTIL_DRAWN = "() => document.querySelector('.uplot canvas') && performance.now()"
EPOCH = "() => document.querySelector('.facts dd').textContent"  #: in the page of a job: the epoch that it shows


@dataclass(frozen=True)
class Line:
    """One number, and what it may at most be, or at least."""

    what: str
    value: float
    unit: str
    bar: float
    at_least: bool = False

    def __str__(self) -> str:
        missed = self.value < self.bar if self.at_least else self.value > self.bar
        found = f"{self.value:.3g} {self.unit}{' **missed**' if missed else ''}"
        return f"| {self.what} | {found} | {'at least' if self.at_least else 'at most'} {self.bar:g} {self.unit} |"


def server_time(folder: Path) -> list[Line]:
    """Measure what the server takes for the list of 10,000 jobs, and for the page of a job of 10,000 epochs.

    Of a processor: what else the machine has to do does not count, and on an idle one both times are the same.
    """
    lines = []
    with valkey.valkey_server(folder) as redis_url:
        client, job_id = pages.filled(folder, redis_url, pages.MANY)
        for path, bar in (("/", 200.0), ("/jobs/{id}", 300.0)):
            took = []
            for _ in range(ROUNDS):
                began = time.thread_time()
                assert client.get(path.replace("{id}", job_id), headers=pages.HTML).status_code == 200
                took.append((time.thread_time() - began) * 1e3)
            what = f"{pages.MANY:,} jobs" if path == "/" else f"{pages.MANY:,} epochs"
            lines.append(Line(f"the server's time for `{path}` with {what}", median(took), "ms", bar))
        with closing(client.application.extensions["batchyard"]):
            pass
    return lines


def tabs(stack: Stack) -> Line:
    """Count the tabs of one browser, all at a job that is training, that show a later epoch after a while."""
    job = stack.submit(ENDLESS)
    moved = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with browser.new_context() as context:
            opened = [context.new_page() for _ in range(TABS)]
            for page in opened:
                page.goto(f"{stack.url}/jobs/{job}")
            before = [page.evaluate(EPOCH) for page in opened]
            for page, known in zip(opened, before, strict=True):
                page.wait_for_function(f"known => ({EPOCH})() !== known", arg=known, polling=100)
                moved += 1
        browser.close()
    stack.http.post(f"/api/v1/jobs/{job}/cancel")
    stack.finished(job)
    return Line("tabs of one browser that show how a job goes on", moved, "tabs", TABS, at_least=True)


def upload(stack: Stack) -> list[Line]:
    """Measure an upload of 200 MB against curl's, and what it takes of memory."""
    speed, above_mb = client_upload.measured(stack.url)
    return [
        Line("an upload of 200 MB by the client, of curl's speed", speed, "times", 0.8, at_least=True),
        Line("its memory above an idle client", above_mb, "MB", 50.0),
    ]


def first_curve(stack: Stack) -> Line:
    """Measure how long a browser takes from the address of a job to its curve."""
    job = stack.submit(QUICK | {"epochs": 200, "early_stopping": False})
    stack.finished(job)
    took = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for _ in range(ROUNDS):
            with browser.new_context() as context:  # with nothing in its cache
                page = context.new_page()
                page.goto(f"{stack.url}/jobs/{job}", wait_until="commit")
                took.append(page.wait_for_function(UNTIL_DRAWN, polling=10).json_value() / 1000)
        browser.close()
    return Line("first curve drawn, empty cache", median(took), "s", 1.0)


def submits(stack: Stack) -> float:
    """Return the 99th percentile of so many submits, in milliseconds."""
    took = []
    for n in range(SUBMITS):
        began = time.perf_counter()
        stack.submit(QUICK | {"seed": n})
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_S)
    return percentile(took, 0.99)


def beside_open_pages(stack: Stack) -> Line:
    """Measure submits while so many pages, each of a browser of its own, hear of every job."""
    host = urlsplit(stack.url)
    asked = f"GET /live?topics=jobs HTTP/1.1\r\nHost: {host.netloc}\r\nAccept: text/event-stream\r\n\r\n".encode()
    heard, over = [0], threading.Event()
    waiting = selectors.DefaultSelector()

    def open_one() -> None:
        page = socket.create_connection((host.hostname or "", host.port or 80))
        page.sendall(asked)
        waiting.register(page, selectors.EVENT_READ)

    def hear() -> None:
        while not over.is_set():
            for key, _ in waiting.select(0.5):
                page = key.fileobj
                assert isinstance(page, socket.socket)
                if said := page.recv(65_536):
                    heard[0] += said.count(b"data: {")
                else:  # a stream ends after some time, and a browser opens it again
                    waiting.unregister(page)
                    page.close()
                    open_one()

    for _ in range(PAGES):
        open_one()
    thread = threading.Thread(target=hear)
    thread.start()
    time.sleep(2)
    before = heard[0]
    worst = submits(stack)
    told = heard[0] - before
    over.set()
    thread.join()
    for key in list(waiting.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    assert told >= PAGES, told  # every page was told of a job
    return Line(f"99th percentile of {SUBMITS} submits beside {PAGES} open pages", worst, "ms", 500.0)


def fit(stack: Stack) -> Line:
    """Measure `fit` on iris against the time from the submit to the end of its job."""
    rows, labels = load_iris(return_X_y=True)
    ratios = []
    for seed in range(ROUNDS):
        began = time.monotonic()
        found = batchyard.RemoteClassifier(server=stack.url, random_state=seed).fit(rows, labels)
        took = time.monotonic() - began
        times = [datetime.fromisoformat(found.job_.data[name]) for name in ("created_at", "finished_at")]
        ratios.append(took / (times[1] - times[0]).total_seconds())
    return Line("`fit` on iris beside its job", median(ratios), "times", 1.3)


def shown_help() -> Line:
    """Measure `--help` against an empty program."""

    def best(*arguments: str) -> float:
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
            took.append(time.perf_counter() - began)
        return min(took)

    return Line(
        "`--help` beside `python -c pass`", best("-m", "batchyard", "--help") / best("-c", "pass"), "times", 12.0
    )


def sizes() -> Line:
    """Measure all scripts and styles, compressed."""
    files = [path for path in STATIC.iterdir() if path.suffix in {".js", ".css"}]
    total = sum(len(gzip.compress(path.read_bytes())) for path in files)
    return Line("all scripts and styles, compressed", total / 1024, "KiB", 150.0)


def main() -> None:
    """Measure all and report."""
    with tempfile.TemporaryDirectory() as folder:
        found = [sizes(), shown_help(), *server_time(Path(folder))]
        with local_stack(Path(folder) / "data") as stack:
            found += [first_curve(stack), tabs(stack), fit(stack), *upload(stack), beside_open_pages(stack)]
    table = ["| what | measured | bar |", "|---|---|---|", *map(str, found)]
    report("faces", [f"Median of {ROUNDS}, SQLite; the server's time is that of a processor.", "", *table])


if __name__ == "__main__":
    main()
