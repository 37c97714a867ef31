"""What an operator does on the page of the queue."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import running
from tests.stack import Stack


def test_a_drained_worker_finishes_and_takes_nothing_until_it_is_undrained(stack: Stack, tab: Page) -> None:
    with running(stack, name="goes-on") as trains:
        tab.goto("/queue")
        row = tab.get_by_role("region", name="Workers").locator("tbody tr")
        expect(row).to_contain_text("busy")
        row.get_by_role("button", name="Drain", exact=True).click()
        expect(row).to_contain_text("draining")

        waits = stack.submit({"data": {"builtin": "iris"}, "model": "linear", "epochs": 2, "name": "waits-here"})

        expect(tab.get_by_role("row", name=re.compile("waits-here"))).to_contain_text("Each cpu worker is drained")
        stack.http.post(f"/api/v1/jobs/{trains}/cancel")
        stack.finished(trains)
        expect(row).to_contain_text("drained")
        assert stack.json(f"/api/v1/jobs/{waits}")["status"] == "queued"
        _, rss_bytes = stack.json(f"/api/v1/jobs/{trains}/system")["data"][0][1:3]  # of its first half second
        assert rss_bytes > 100 << 20  # a process with PyTorch loaded
        tab.goto(f"/jobs/{trains}?tab=system")
        expect(tab.get_by_role("img", name=re.compile("^Memory: "))).to_be_visible()
        expect(tab.get_by_role("img", name=re.compile(r"^Training rows per second: [\d,]+ on average"))).to_be_visible()
        tab.goto("/queue")

        row.get_by_role("button", name="Undrain").click()

        assert stack.finished(waits)["status"] == "succeeded"


def test_a_paused_queue_starts_nothing_until_it_is_resumed_and_open_pages_say_so(stack: Stack, tab: Page) -> None:
    stack.submit({"data": {"builtin": "iris"}, "model": "linear", "epochs": 2})
    tab.goto("/")
    expect(tab.locator("#live")).to_be_visible()
    queue = tab.context.new_page()
    queue.goto("/queue")
    queue.get_by_role("button", name="Pause the queue").click()
    expect(queue.get_by_text("The queue is paused.")).to_be_visible()
    expect(tab.get_by_text("The queue is paused.")).to_be_visible()  # it heard of it

    waits = stack.submit({"data": {"builtin": "iris"}, "model": "linear", "epochs": 2, "name": "waits-for-all"})

    expect(queue.get_by_role("row", name=re.compile("waits-for-all"))).to_contain_text("The queue is paused.")
    queue.get_by_role("button", name="Resume the queue").click()
    assert stack.finished(waits)["status"] == "succeeded"
    expect(queue.get_by_role("button", name="Pause the queue")).to_be_visible()
