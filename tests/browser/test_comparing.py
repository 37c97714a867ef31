"""Jobs side by side in the browser: more jobs, fewer jobs, equal parameters, and three ways to look at them."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

RATES = {"low": 0.001, "middle": 0.01, "high": 0.05}


@pytest.fixture(scope="module")
def jobs(stack: Stack) -> dict[str, str]:
    """Three jobs that differ in their learning rate alone, by its word."""
    found = {}
    for word, rate in RATES.items():
        spec = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 5, "name": f"rates-{word}"}
        found[word] = stack.submit(spec | {"optimizer": {"type": "adamw", "lr": rate}})
    for job_id in found.values():
        stack.finished(job_id)
    return found


def test_jobs_are_added_and_removed_and_equal_parameters_shown(tab: Page, jobs: dict[str, str]) -> None:
    tab.goto(f"/compare?jobs={jobs['low']},{jobs['high']}")
    tab.get_by_label("Add a job").fill("rates-middle")
    tab.get_by_role("button", name="Add", exact=True).click()
    chosen = tab.get_by_role("list", name="Compared jobs")
    expect(chosen.get_by_role("listitem")).to_have_count(3)
    row = tab.get_by_role("row", name=re.compile("optimizer.lr"))
    expect(row.get_by_role("cell")).to_have_text(["0.001", "0.05", "0.01"])

    expect(tab.get_by_role("row", name=re.compile("^batch_size"))).to_have_count(0)
    tab.get_by_role("link", name=re.compile("Show the .* equal parameters")).click()
    expect(tab.get_by_role("row", name=re.compile("^batch_size"))).to_have_count(1)

    tab.get_by_role("link", name="Remove rates-high").click()
    expect(chosen.get_by_role("listitem")).to_have_count(2)


def test_a_line_is_hidden_by_its_box_and_by_the_address(tab: Page, jobs: dict[str, str]) -> None:
    tab.goto(f"/compare?jobs={jobs['low']},{jobs['high']}")
    chart = tab.locator("figure .chart").first
    chart.scroll_into_view_if_needed()
    expect(tab.locator(".uplot").first).to_be_visible()
    tab.get_by_role("checkbox", name="1 rates-low").uncheck()
    chart.focus()
    tab.keyboard.press("End")
    reading = tab.locator(".reading").first
    expect(reading).to_contain_text("2 rates-high")
    expect(reading).not_to_contain_text("rates-low")
    expect(tab).to_have_url(re.compile("hide=1"))


def test_parallel_coordinates_have_a_line_for_each_job_and_axes_that_turn(tab: Page, jobs: dict[str, str]) -> None:
    tab.goto(f"/compare?jobs={','.join(jobs.values())}&view=parallel")
    drawing = tab.get_by_role("img", name=re.compile("Each job is a line"))
    expect(drawing.locator("polyline")).to_have_count(3)

    def starts() -> list[float]:
        lines = [line.get_attribute("points") or "" for line in drawing.locator("polyline").all()]
        return [float(line.split()[0].split(",")[1]) for line in lines]

    low, middle, high = starts()
    assert low > middle > high  # from the top, so the largest rate is the least
    # On a logarithmic axis from 0.001 to 0.05, 0.01 is 59 hundredths up.
    tab.get_by_role("link", name="logarithmic optimizer.lr").click()
    expect(tab.get_by_role("link", name="logarithmic optimizer.lr")).to_have_attribute("aria-current", "true")
    low, middle, high = starts()
    assert (low - middle) / (low - high) == pytest.approx(0.5886, abs=0.005)
    tab.get_by_role("link", name="reversed optimizer.lr").click()
    expect(tab.get_by_role("link", name="reversed optimizer.lr")).to_have_attribute("aria-current", "true")
    low, middle, high = starts()
    assert low < middle < high


def test_a_scatter_has_a_point_for_each_job(tab: Page, jobs: dict[str, str]) -> None:
    tab.goto(f"/compare?jobs={','.join(jobs.values())}&view=scatter")
    expect(tab.get_by_label("X axis")).to_have_value("optimizer.lr")
    drawing = tab.get_by_role("img", name=re.compile("best val_cost of each job against its optimizer.lr"))
    expect(drawing.locator("circle")).to_have_count(3)
    tab.get_by_label("Y axis").select_option("last train_cost")
    tab.get_by_role("button", name="Draw").click()
    expect(tab.get_by_role("img", name=re.compile("last train_cost of each job"))).to_be_visible()
