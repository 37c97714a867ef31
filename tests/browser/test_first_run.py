"""Who comes first: an empty server, the sample job, its curve, a prediction."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.stack import Stack


def test_the_sample_job_leads_to_its_curve_and_a_prediction(bare: Stack, watch: Callable[..., Watched]) -> None:
    watched = watch(bare.url)
    page = watched.page("/")
    expect(page.get_by_role("heading", name="Train your first model")).to_be_visible()
    for name in ("curl", "Command", "Python"):
        expect(page.get_by_role("region", name=name)).to_contain_text(bare.url)

    page.get_by_role("button", name="Run the sample job").click()

    expect(page).to_have_url(re.compile(r"/jobs/job_"))
    expect(page.locator(".uplot").first).to_be_visible(timeout=20_000)
    expect(page.locator("#job-head .status-succeeded")).to_be_visible(timeout=30_000)
    cost = page.get_by_role("img").first
    expect(cost).to_have_attribute("aria-label", re.compile(r"train_cost fell from .* over \d+ epochs"))
    page.get_by_role("tab", name="Predict").click()
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator(".answer")).to_have_text(re.compile("setosa|versicolor|virginica"))
    shares = [float(words.rstrip(" %")) for words in page.locator(".probability .n").all_text_contents()]
    assert len(shares) == 3
    assert abs(sum(shares) - 100) < 0.1
    expect(page.get_by_role("region", name="curl")).to_contain_text("/predict")


def test_the_first_page_turns_into_the_list_when_a_job_comes_from_elsewhere(
    bare: Stack, watch: Callable[..., Watched]
) -> None:
    watched = watch(bare.url)
    page = watched.page("/")
    expect(page.get_by_role("heading", name="Train your first model")).to_be_visible()

    bare.submit({"data": {"builtin": "iris"}, "model": "linear", "name": "from-elsewhere", "epochs": 2})

    expect(page.get_by_role("link", name="from-elsewhere")).to_be_visible(timeout=10_000)
