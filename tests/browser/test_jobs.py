"""A job in the browser: it moves, stops, is compared, retried, renamed; with the keyboard alone and without scripts."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import DIVERGING, Watched, running
from tests.stack import Stack

QUICK = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 3}


def test_a_curve_moves_while_the_job_trains_and_cancel_stops_it(stack: Stack, tab: Page) -> None:
    with running(stack) as job_id:
        tab.goto(f"/jobs/{job_id}")
        cost = tab.get_by_role("img").first
        over = re.compile(r"over (\d+) epochs")
        expect(cost).to_have_attribute("aria-label", over, timeout=20_000)

        def epochs() -> int:
            found = over.search(cost.get_attribute("aria-label") or "")
            return int(found[1]) if found else 0

        before = epochs()
        tab.wait_for_function(
            "n => Number((document.querySelector('[role=img]').ariaLabel.match(/over (\\d+)/) || [])[1]) > n",
            arg=before + 20,
            timeout=20_000,
        )
        assert tab.locator("#epochs tr").count() <= 203

        tab.get_by_role("button", name="Cancel").click()

        expect(tab.locator("#job-head .status-cancelled")).to_be_visible(timeout=15_000)
        # The best weights are kept, so there is something to predict with.
        assert stack.json(f"/api/v1/jobs/{job_id}")["best"] is not None


def test_a_job_is_paused_and_resumed_by_its_buttons(stack: Stack, tab: Page) -> None:
    with running(stack) as job_id:
        tab.goto(f"/jobs/{job_id}")
        tab.get_by_role("button", name="Pause").click(timeout=20_000)
        tab.get_by_role("button", name="Resume").click(timeout=20_000)
        expect(tab.locator("#job-head .status-running")).to_be_visible(timeout=20_000)


def test_two_jobs_are_chosen_in_the_list_and_compared(stack: Stack, tab: Page) -> None:
    for name, rate in (("rate-low", 0.001), ("rate-high", 0.05)):
        stack.finished(stack.submit(QUICK | {"name": name, "optimizer": {"type": "adamw", "lr": rate}}))
    tab.goto("/?q=rate-")
    for name in ("rate-low", "rate-high"):
        tab.get_by_role("checkbox", name=f"Choose {name}").check()

    tab.get_by_role("button", name="Compare").click()

    expect(tab).to_have_url(re.compile(r"/compare\?jobs="))
    row = tab.get_by_role("row", name=re.compile("optimizer.lr"))
    expect(row).to_contain_text("0.05")
    expect(row).to_contain_text("0.001")
    expect(tab.get_by_role("row", name=re.compile("batch_size"))).to_have_count(0)  # equal, so folded away
    expect(tab.get_by_role("row", name=re.compile("best val_cost")).locator(".best")).to_have_count(1)


def test_a_failed_job_says_why_and_its_suggestion_is_one_click(stack: Stack, tab: Page) -> None:
    job_id = stack.submit(DIVERGING)
    error = stack.finished(job_id)["error"]
    tab.goto(f"/jobs/{job_id}")
    expect(tab.locator("#job-head")).to_contain_text(error["message"])
    expect(tab.locator("#job-head")).to_contain_text(error["hint"])

    tab.get_by_role("button", name="Retry with the suggested change").click()

    expect(tab.locator("#job-head")).to_contain_text(f"a retry of {job_id}")
    new = tab.url.rpartition("/")[2].partition("?")[0]
    assert stack.finished(new)["spec"]["optimizer"]["lr"] == error["suggestion"]["optimizer"]["lr"]


def test_name_tags_and_notes_are_changed_and_delete_says_why_not(stack: Stack, tab: Page) -> None:
    with running(stack) as job_id:
        tab.goto(f"/jobs/{job_id}?tab=spec")
        tab.get_by_label("Name", exact=True).fill("renamed-here")
        tab.get_by_label("Tags").fill("keep blue")
        tab.get_by_label("Notes").fill("as discussed")
        tab.get_by_role("button", name="Save").click()
        expect(tab.get_by_role("heading", name="renamed-here")).to_be_visible()
        expect(tab.locator("#job-head")).to_contain_text("as discussed")
        assert stack.json(f"/api/v1/jobs/{job_id}")["tags"] == ["keep", "blue"]

        tab.goto("/?q=renamed-here")
        tab.get_by_role("checkbox", name="Choose renamed-here").check()
        tab.get_by_role("button", name="Delete").click()
        tab.get_by_role("dialog", name="Delete the selected jobs?").get_by_role("button", name="Delete").click()
        expect(tab.locator(".notice")).to_contain_text("only a finished job can be deleted")


def test_a_file_becomes_a_model(stack: Stack, tab: Page, tmp_path: Path) -> None:
    rows = [f"{n % 7},{(n * 3) % 5},{'yes' if n % 7 > 3 else 'no'}" for n in range(120)]
    (tmp_path / "answers.csv").write_text("\n".join(["width,height,kind", *rows]) + "\n")
    tab.goto("/new")

    tab.get_by_label("Drop a CSV or Parquet file").set_input_files(tmp_path / "answers.csv")

    preview = tab.get_by_role("region", name="Preview")
    expect(preview.locator("tbody tr")).to_have_count(20, timeout=15_000)
    expect(preview.get_by_role("columnheader", name="kind")).to_contain_text("category")
    target = tab.get_by_label("Target")
    assert target.locator("option").all_text_contents() == ["width", "height", "kind"]
    target.select_option("kind")
    tab.get_by_label("Epochs, at most").fill("many")
    tab.get_by_label("Epochs, at most").blur()
    expect(tab.locator("#review")).to_contain_text("'many' is not a whole number")
    expect(tab.get_by_label("Epochs, at most")).to_have_attribute("aria-invalid", "true")
    tab.get_by_label("Epochs, at most").fill("20")
    tab.get_by_label("Hidden layers").fill("8")
    tab.get_by_label("Hidden layers").blur()
    expect(tab.locator("#review")).to_contain_text("Parameters")
    tab.get_by_role("button", name="Start job").click()

    expect(tab.locator("#job-head .status-succeeded")).to_be_visible(timeout=30_000)
    tab.get_by_role("tab", name="Predict").click()
    tab.get_by_label("Paste a CSV").fill("width,height\n6,1\n0,1\n")
    tab.get_by_role("button", name="Predict the rows").click()
    expect(tab.get_by_role("region", name="Predictions").locator("tbody tr")).to_have_count(2)


def test_everything_works_with_the_keyboard_alone(stack: Stack, tab: Page) -> None:
    def tab_to(role: str, name: str) -> None:
        wanted = tab.get_by_role(role, name=name, exact=True).first
        for _ in range(60):
            tab.keyboard.press("Tab")
            if wanted.evaluate("e => e === document.activeElement"):
                return
        raise AssertionError(f"{role} {name} can't be reached")

    tab.goto("/new?builtin=iris")
    tab_to("button", "Start job")
    tab.keyboard.press("Enter")
    expect(tab.locator("#job-head .status-succeeded")).to_be_visible(timeout=30_000)
    expect(tab.locator(".uplot").first).to_be_visible()
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.classList.contains('chart')"):
            break
    tab.keyboard.press("Home")
    expect(tab.locator(".reading").first).to_contain_text("epoch 1 ·")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator(".reading").first).to_contain_text("epoch 2 ·")
    tab.keyboard.press("Control+Home")
    tab_to("tab", "Curves")
    for key, name in (("ArrowLeft", tab.get_by_role("tab").last), ("Home", tab.get_by_role("tab").first)):
        tab.keyboard.press(key)
        expect(name).to_be_focused()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    expect(tab.get_by_role("tab", name="Predict")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("tab", name="Predict", selected=True)).to_be_focused()  # on the page that it opened
    expect(tab.get_by_role("tabpanel", name="Predict")).to_be_visible()
    tab_to("button", "Predict")
    tab.keyboard.press("Enter")
    expect(tab.locator(".answer")).to_be_visible()


def test_everything_can_be_read_and_done_without_scripts(stack: Stack, watch: Callable[..., Watched]) -> None:
    page = watch(stack.url, java_script_enabled=False).page("/new?builtin=iris")
    page.get_by_role("button", name="Start job").click()
    job_id = page.url.rpartition("/")[2]
    job = stack.finished(job_id)
    page.goto(f"/jobs/{job_id}")
    heads = page.get_by_role("region", name="Table of the epochs").get_by_role("columnheader").all_text_contents()
    assert heads[:3] == ["epoch", "train_cost", "val_cost"]
    last = stack.json(f"/api/v1/jobs/{job_id}/metrics")["data"][-1]
    shown = page.locator("#epochs tr").last.locator("td").all_text_contents()
    assert int(shown[0]) == last[0]
    assert float(shown[1]) == float(f"{last[1]:.4g}")
    expect(page.locator("figure svg polyline").first).to_be_attached()
    page.get_by_role("link", name="Predict", exact=True).click()
    page.get_by_role("button", name="Predict", exact=True).click()
    assert page.locator(".answer").text_content() in {"setosa", "versicolor", "virginica"}
    page.goto("/")
    expect(page.get_by_role("link", name=job["name"], exact=True)).to_be_visible()
