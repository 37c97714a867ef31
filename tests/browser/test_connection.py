"""Pages stay true: when the server goes and comes back, and when there are more tabs than connections."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.conftest import ENDLESS, Watched, running
from tests.stack import Stack, local_stack

TABS = 10


def test_a_page_says_that_the_server_is_gone_and_goes_on_without_a_gap(
    tmp_path: Path, watch: Callable[..., Watched]
) -> None:
    with local_stack(tmp_path / "data") as first:
        watched = watch(first.url)
        # What a browser itself writes while nobody answers.
        watched.expected = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE"]
        watched.expected += ["ERR_CONNECTION_RESET", "503"]
        job_id = first.submit(ENDLESS)
        page = watched.page(f"/jobs/{job_id}")
        expect(page.locator(".uplot").first).to_be_visible(timeout=20_000)
        expect(page.locator("#epochs tr").nth(20)).to_be_attached(timeout=20_000)
        banner = page.locator("#connection")
        expect(banner).to_be_hidden()
    expect(banner).to_be_visible(timeout=20_000)
    expect(banner).to_contain_text("s old")
    shown = page.locator("#epochs tr").count()
    assert shown > 20  # what was there stays

    with local_stack(tmp_path / "data", "--port", str(urlsplit(first.url).port)) as second:
        expect(banner).to_be_hidden(timeout=30_000)
        expect(page.locator("#job-head .status-running")).to_be_visible(timeout=30_000)
        second.http.post(f"/api/v1/jobs/{job_id}/cancel")
        done = second.finished(job_id)
        expect(page.locator("#job-head .status-cancelled")).to_be_visible(timeout=15_000)
        told = f"over {done['latest']['epoch']} epochs"
        page.wait_for_function("t => document.querySelector('[role=img]').ariaLabel.includes(t)", arg=told)


def test_ten_tabs_of_one_browser_are_all_live_on_one_stream(stack: Stack, watch: Callable[..., Watched]) -> None:
    watched = watch(stack.url)
    with running(stack, name="ten-tabs") as job_id:
        tabs = [watched.page(f"/jobs/{job_id}?tab={'events' if n % 2 else 'curves'}") for n in range(TABS)]
        for tab in tabs:
            expect(tab.locator("#job-head .status-running")).to_be_visible(timeout=20_000)

        stack.http.post(f"/api/v1/jobs/{job_id}/cancel")

        for tab in tabs:
            expect(tab.locator("#job-head .status-cancelled")).to_be_visible(timeout=15_000)
