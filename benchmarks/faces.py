"""The numbers of the faces on a local stack: the first curve, submits beside 500 open pages, `fit`, `--help`, sizes."""

import gzip
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright
from sklearn.datasets import load_iris

import batchyard
from benchmarks.report import percentile, report
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.stack import Stack, local_stack

STATIC = Path(__file__).parents[1] / "api/pages/static"
PAGES, SUBMITS, ROUNDS = 500, 200, 7
PAUSE_S = 0.05  #: between two submits
QUICK = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 2}
#: In the page: milliseconds from the beginning of its load until the first chart is drawn.
UNTIL_DRAWN = "() => document.querySelector('.uplot canvas') && performance.now()"
Line = tuple[str, float, str, float]


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
    return "first curve drawn, empty cache", median(took), "s", 1.0


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
    return f"99th percentile of {SUBMITS} submits beside {PAGES} open pages", worst, "ms", 500.0


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
    return "`fit` on iris beside its job", median(ratios), "times", 1.3


def shown_help() -> Line:
    """Measure `--help` against an empty program."""

    def best(*arguments: str) -> float:
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
            took.append(time.perf_counter() - began)
        return min(took)

    return "`--help` beside `python -c pass`", best("-m", "batchyard", "--help") / best("-c", "pass"), "times", 12.0


def sizes() -> Line:
    """Measure all scripts and styles, compressed."""
    files = [path for path in STATIC.iterdir() if path.suffix in {".js", ".css"}]
    total = sum(len(gzip.compress(path.read_bytes())) for path in files)
    return "all scripts and styles, compressed", total / 1024, "KiB", 150.0


def main() -> None:
    """Measure all and report."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder) / "data") as stack:
        found = [sizes(), shown_help(), first_curve(stack), fit(stack), beside_open_pages(stack)]
    lines = [
        f"| {what} | {value:.3g} {unit}{'' if value <= bar else ' **missed**'} | {bar:g} {unit} |"
        for what, value, unit, bar in found
    ]
    report("faces", [f"Median of {ROUNDS}, SQLite.", "", "| what | measured | bar |", "|---|---|---|", *lines])


if __name__ == "__main__":
    main()
