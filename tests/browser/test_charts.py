"""What can be done with a curve: its axes, its smoothing, its table, its files; and the address says it all."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.stack import Stack

SPEC = {"data": {"builtin": "iris"}, "model": "mlp", "epochs": 30, "early_stopping": False, "name": "curve-tools"}


@pytest.fixture(scope="module")
def job(stack: Stack) -> dict[str, object]:
    """A finished job of thirty epochs."""
    return stack.finished(stack.submit(SPEC))


def test_what_is_chosen_stands_in_the_address_and_holds_for_whoever_opens_it(tab: Page, job: dict[str, object]) -> None:
    tab.goto(f"/jobs/{job['id']}")
    expect(tab.locator(".uplot").first).to_be_visible()

    tab.get_by_label("X axis").select_option("Step")
    tab.get_by_label("Logarithmic").check()
    tab.get_by_label("Smoothing").fill("0.6")
    tab.get_by_label("Hide outliers").check()

    for part in ("x=step", "y=log", "smooth=0.6", "outliers=hidden"):
        expect(tab).to_have_url(re.compile(re.escape(part)))
    tab.reload()
    expect(tab.get_by_label("X axis")).to_have_value("step")
    expect(tab.get_by_label("Logarithmic")).to_be_checked()
    expect(tab.get_by_label("Smoothing")).to_have_value("0.6")
    expect(tab.locator(".badge").first).to_contain_text("hidden")  # never without saying so


def test_the_readings_of_all_charts_move_together_and_are_the_recorded_values(
    stack: Stack, tab: Page, job: dict[str, object]
) -> None:
    found = stack.json(f"/api/v1/jobs/{job['id']}/metrics")
    second = dict(zip(found["columns"], found["data"][1], strict=True))
    tab.goto(f"/jobs/{job['id']}?x=step&smooth=0.9")
    expect(tab.locator(".uplot")).to_have_count(3)
    chart = tab.get_by_role("img", name=re.compile("train_cost fell"))

    chart.focus()
    tab.keyboard.press("Home")
    tab.keyboard.press("ArrowRight")

    steps = job["progress"]["steps_per_epoch"] * 2  # type: ignore[index]
    readings = tab.locator(".reading")
    expect(readings.nth(0)).to_contain_text(f"epoch 2 (step {steps})")
    expect(readings.nth(0)).to_contain_text(f"train_cost {second['train_cost']:.4g}".rstrip("0"))
    expect(readings.nth(1)).to_contain_text(f"val_accuracy {second['val_accuracy']:.4g}")
    expect(readings.nth(0)).to_have_attribute("aria-live", "polite")
    expect(readings.nth(1)).to_have_attribute("aria-live", "off")  # one voice


def test_a_chart_has_a_table_with_every_epoch(stack: Stack, tab: Page, job: dict[str, object]) -> None:
    found = stack.json(f"/api/v1/jobs/{job['id']}/metrics")
    tab.goto(f"/jobs/{job['id']}")
    tab.get_by_role("button", name="Table: Cost").click()

    table = tab.get_by_role("region", name="Cost as a table")
    expect(table.locator("caption")).to_have_text("Cost")
    expect(table.get_by_role("columnheader")).to_have_text(["epoch", "train_cost", "val_cost"])
    cells = table.locator("tbody tr").last.locator("td")
    assert [float(cells.nth(n).get_attribute("title") or "") for n in range(2)] == found["data"][-1][1:3]


def test_a_chart_is_downloaded_as_svg_and_png(tab: Page, job: dict[str, object], tmp_path: Path) -> None:
    tab.goto(f"/jobs/{job['id']}")
    expect(tab.locator(".uplot").first).to_be_visible()
    files = {}
    for kind in ("SVG", "PNG"):
        with tab.expect_download() as waiting:
            tab.get_by_role("button", name=f"{kind}: download Cost").click()
        files[kind] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[kind])

    assert files["SVG"].name == "curve-tools-cost.svg"
    words = {node.text for node in ElementTree.parse(files["SVG"]).iter("{http://www.w3.org/2000/svg}text")}
    assert {"train_cost", "val_cost", "curve-tools: Cost"} <= words
    assert sum(bool(re.fullmatch(r"[\d.]+", word or "")) for word in words) >= 6  # at both axes
    with Image.open(files["PNG"]) as picture:
        assert picture.width > 1_000
        assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 4  # lines, not an empty sheet


def test_a_job_without_an_epoch_says_so(stack: Stack, tab: Page) -> None:
    job_id = stack.submit({"data": {"builtin": "iris"}, "model": "mlp", "optimizer": {"type": "sgd", "lr": 1e30}})
    stack.finished(job_id)
    tab.goto(f"/jobs/{job_id}")
    expect(tab.locator("main")).to_contain_text("No epoch was recorded")
