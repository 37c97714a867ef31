"""The form of a new job and its JSON are two sides of one spec, made from nothing or from another job."""

import json
import re

from playwright.sync_api import Page, expect

from tests.stack import Stack


def test_fields_and_json_follow_each_other(stack: Stack, tab: Page) -> None:
    tab.goto("/new?builtin=iris")
    text = tab.get_by_label("JSON")
    tab.get_by_label("Epochs, at most").fill("7")
    tab.get_by_label("Epochs, at most").blur()
    expect(text).to_have_value(re.compile('"epochs": 7'))

    spec = json.loads(text.input_value())
    text.fill(json.dumps(spec | {"model": "linear", "gradient_clip": {"norm": 1.0}, "epochs": 4}))
    text.blur()
    expect(tab.get_by_label("Epochs, at most")).to_have_value("4")
    expect(tab.get_by_label("Model", exact=True)).to_have_value("linear")
    tab.get_by_label("Epochs, at most").fill("3")
    tab.get_by_role("button", name="Start job").click()

    expect(tab.locator("#job-head .status-succeeded")).to_be_visible(timeout=30_000)
    made = stack.json(f"/api/v1/jobs/{tab.url.rpartition('/')[2]}")["spec"]
    assert (made["model"]["type"], made["epochs"], made["gradient_clip"]["norm"]) == ("linear", 3, 1.0)


def test_json_that_is_none_is_told_with_its_place_and_stays_as_it_was_written(tab: Page) -> None:
    tab.goto("/new?builtin=iris")
    wrong = '{"data": {"builtin": "iris"},\n "epochs": }'
    tab.get_by_label("JSON").fill(wrong)
    tab.get_by_label("JSON").blur()

    expect(tab.locator("#review")).to_contain_text("line 2, column")
    expect(tab.get_by_label("JSON")).to_have_value(wrong)
    expect(tab.get_by_label("JSON")).to_have_attribute("aria-invalid", "true")


def test_a_job_is_made_once_more_from_another_one(stack: Stack, tab: Page) -> None:
    first = stack.submit(
        {"data": {"builtin": "wine"}, "model": {"type": "mlp", "hidden": [7]}, "epochs": 2, "batch_size": 16}
    )
    stack.finished(first)
    tab.goto(f"/jobs/{first}?tab=spec")
    tab.get_by_role("link", name="New job from this").first.click()

    expect(tab.get_by_label("Hidden layers")).to_have_value("7")
    expect(tab.get_by_label("Batch size")).to_have_value("16")
    tab.get_by_label("Hidden layers").fill("9")
    tab.get_by_role("button", name="Start job").click()

    expect(tab.locator("#job-head")).to_be_visible()
    made = stack.json(f"/api/v1/jobs/{tab.url.rpartition('/')[2]}")["spec"]
    assert (made["data"]["builtin"], made["model"]["hidden"], made["batch_size"]) == ("wine", [9], 16)
    stack.finished(tab.url.rpartition("/")[2])


def test_the_same_job_is_copied_as_curl_command_and_python(stack: Stack, tab: Page) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto("/new?builtin=iris")
    for name, part in (("curl", "curl --json"), ("Command", "batchyard --server"), ("Python", "import batchyard")):
        tab.get_by_role("button", name=f"Copy as {name}").click()
        expect(tab.get_by_role("button", name=f"Copy as {name}")).to_have_text("Copied")
        copied = tab.evaluate("navigator.clipboard.readText()")
        assert part in copied
        assert stack.url in copied
