"""A real browser before a real stack. Every page must be silent in the console and ask nobody but our server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.stack import Stack, local_stack

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What a page comes to show may take a slow machine long: it is waited for, and no test says how soon it is there.
expect.set_options(timeout=30_000)

ENDLESS = {"data": {"builtin": "iris"}, "model": "mlp", "epochs": 100_000, "early_stopping": False}
DIVERGING = {"data": {"builtin": "iris"}, "model": "mlp", "optimizer": {"type": "sgd", "lr": 1e30}}
#: What would run, were it not text.
MARKUP = '<img src=x onerror="window.hurt = 1">'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, so that `make test` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with a worker, for all tests that do not stop it."""
    with local_stack(tmp_path_factory.mktemp("browser") / "data") as stack:
        yield stack


@pytest.fixture
def bare(stack: Stack) -> Stack:
    """The same stack, with no model, no job and no data set: as it was when it was new."""
    for model in stack.json("/api/v1/models")["data"]:  # a job whose model is registered is kept
        for version in model["versions"]:
            stack.http.delete(f"/api/v1/models/{model['name']}/versions/{version['version']}").raise_for_status()
    for kind in ("jobs", "datasets"):
        while found := stack.json(f"/api/v1/{kind}?limit=100")["data"]:
            for one in found:
                stack.http.delete(f"/api/v1/{kind}/{one['id']}{'?force=true' if kind == 'jobs' else ''}")
    return stack


class Watched:
    """A browser's context, and all that it should not have done."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.said: list[str] = []
        self.expected: list[str] = []  #: parts of messages that a test brings about on purpose
        context.on("console", lambda message: self.said.append(f"{message.type}: {message.text} {message.location}"))
        context.on("weberror", lambda error: self.said.append(f"error: {error.error}"))
        context.on("request", self._asked)

    def page(self, path: str = "/") -> Page:
        """Return a tab at an address of the server."""
        page = self.context.new_page()
        page.goto(self.url + path)
        return page

    def _asked(self, request: Any) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.url).netloc and not request.url.startswith(("data:", "blob:")):
            self.said.append(f"stranger: {request.url}")

    def faults(self) -> list[str]:
        """Return what was said that no test expects."""
        return [words for words in self.said if not any(part in words for part in self.expected)]


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """A function that opens a context before a server; it must have been silent at the end."""
    opened: list[Watched] = []

    def open_(url: str, **options: Any) -> Watched:
        opened.append(Watched(browser.new_context(base_url=url, **options), url))
        return opened[-1]

    yield open_
    for watched in opened:
        watched.context.close()
        assert watched.faults() == []


@pytest.fixture
def tab(watch: Callable[..., Watched], stack: Stack) -> Page:
    """A tab at the list of jobs."""
    return watch(stack.url).page("/")


@contextmanager
def running(stack: Stack, **changes: Any) -> Iterator[str]:
    """Let a job train that does not end, and cancel it afterwards."""
    job_id = stack.submit(ENDLESS | changes)
    try:
        yield job_id
    finally:
        stack.http.post(f"/api/v1/jobs/{job_id}/cancel")
        stack.finished(job_id)
