"""What stands around every page: shortcuts that can be turned off, colours, and a question before something is lost."""

import re

from playwright.sync_api import Page, expect

from tests.stack import Stack

QUICK = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 2}


def test_single_keys_lead_to_pages_and_can_be_turned_off(tab: Page) -> None:
    tab.keyboard.press("d")
    expect(tab).to_have_url(re.compile("/datasets$"))
    tab.keyboard.press("?")
    keys = tab.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    keys.get_by_label("Use single keys as shortcuts").uncheck()
    tab.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    tab.keyboard.press("q")

    tab.wait_for_timeout(300)
    expect(tab).to_have_url(re.compile("/datasets$"))


def test_a_key_that_is_typed_into_a_field_is_a_letter(tab: Page, stack: Stack) -> None:
    stack.finished(stack.submit(QUICK))
    tab.goto("/")
    tab.keyboard.press("/")
    tab.keyboard.type("djn")
    expect(tab.get_by_label("Name, tag or id")).to_have_value("djn")


def test_colours_are_chosen_and_stay(tab: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    before = tab.evaluate(ground)
    tab.get_by_role("button", name="Change colours").click()  # light
    tab.get_by_role("button", name="Change colours").click()  # dark
    dark = tab.evaluate(ground)
    assert dark != before
    tab.goto("/queue")
    assert tab.evaluate(ground) == dark


def test_nothing_is_deleted_before_somebody_says_so_twice(tab: Page, stack: Stack) -> None:
    job_id = stack.submit(QUICK | {"name": "to-be-deleted"})
    stack.finished(job_id)
    tab.goto(f"/jobs/{job_id}")
    delete = tab.get_by_role("button", name="Delete", exact=True)
    delete.click()
    sure = tab.get_by_role("dialog", name="Delete to-be-deleted?")
    sure.get_by_role("button", name="Keep").click()
    expect(delete).to_be_focused()  # the focus goes back to where it was
    assert stack.http.get(f"/api/v1/jobs/{job_id}").status_code == 200

    delete.click()
    sure.get_by_role("button", name="Delete").click()

    expect(tab.locator(".notice")).to_have_text("to-be-deleted is deleted.")
    assert stack.http.get(f"/api/v1/jobs/{job_id}").status_code == 404


def test_an_open_page_says_that_its_job_was_deleted_and_asks_for_it_no_more(tab: Page, stack: Stack) -> None:
    job_id = stack.submit(QUICK | {"name": "deleted-elsewhere"})
    stack.finished(job_id)
    tab.goto(f"/jobs/{job_id}")
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))

    stack.http.delete(f"/api/v1/jobs/{job_id}").raise_for_status()

    expect(tab.get_by_text("This job was deleted.")).to_be_visible()
    expect(tab.get_by_role("heading", name="deleted-elsewhere")).to_be_visible()  # what was shown stays
    assert [url for url in asked if f"/jobs/{job_id}" in url] == []


def test_a_job_is_found_by_tag_and_by_the_beginning_of_its_id(tab: Page, stack: Stack) -> None:
    job_id = stack.submit(QUICK | {"name": "found-by", "tags": ["rare-tag"]})
    stack.finished(job_id)
    for words in ("rare-tag", job_id[:12], "ound-b"):
        tab.goto(f"/?q={words}")
        expect(tab.get_by_role("link", name="found-by", exact=True)).to_be_visible()
    tab.goto("/?q=never-was")
    expect(tab.locator("main")).to_contain_text("No job like “never-was”")


def test_the_log_is_searched(tab: Page, stack: Stack) -> None:
    job_id = stack.submit(QUICK)
    stack.finished(job_id)
    tab.goto(f"/jobs/{job_id}?tab=logs")
    lines = stack.http.get(f"/api/v1/jobs/{job_id}/logs").text.splitlines()
    wanted = lines[-1].rpartition(" ")[0]
    found = [line for line in lines if wanted.lower() in line.lower()]
    tab.get_by_label("Find in the log").fill(wanted)
    expect(tab.locator("#log-count")).to_have_text(f"{len(found)} of {len(lines)} lines")
    assert tab.locator("#log").text_content() == "\n".join(found)
    tab.get_by_label("Find in the log").fill("")
    assert tab.locator("#log").text_content() == "\n".join(lines)
