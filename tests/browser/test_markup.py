"""Names with markup in them are text, whoever chose them."""

import csv
import io
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import MARKUP, Watched
from tests.stack import Stack


def test_markup_in_columns_classes_notes_and_metadata_is_text(stack: Stack, watch: Callable[..., Watched]) -> None:
    text = io.StringIO()
    rows = [[n % 5, MARKUP if n % 5 > 2 else "plain", f"<b>{n % 3}</b>"] for n in range(60)]
    csv.writer(text).writerows([[MARKUP, "kind", "<script>window.hurt = 2</script>"], *rows])
    upload = stack.http.post(
        "/api/v1/datasets?name=markup.csv", content=text.getvalue().encode(), headers={"Content-Type": "text/csv"}
    )
    assert upload.status_code == 201, upload.text
    dataset = upload.json()["id"]
    spec = {
        "data": {"dataset": dataset, "target": "kind"},
        "model": "linear",
        "epochs": 2,
        "notes": MARKUP,
        "metadata": {"notes": MARKUP, MARKUP: MARKUP},
    }
    job_id = stack.submit(spec)
    assert stack.finished(job_id)["status"] == "succeeded"
    watched = watch(stack.url)
    watched.expected = ["404", "422"]
    paths = [f"/jobs/{job_id}?tab={tab}" for tab in ("curves", "predict", "checkpoints", "spec", "events", "logs")]
    paths += [f"/datasets/{dataset}", f"/new?dataset={dataset}", f"/compare?jobs={job_id}", "/", "/models", "/datasets"]
    # A name can't hold markup, but an address and a filter can.
    paths += [f"/jobs/{MARKUP}", f"/?q={MARKUP}&tag={MARKUP}", f"/compare?jobs={MARKUP}", f"/datasets/{MARKUP}"]
    page = watched.page("/")
    for path in paths:
        page.goto(path)
        assert page.evaluate("window.hurt") is None, path
        assert page.locator("img[src=x], main b, main script").count() == 0, path
    page.goto(f"/jobs/{job_id}?tab=predict")
    expect(page.get_by_label(MARKUP)).to_be_visible()
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator(".answer")).to_be_visible()
    assert page.evaluate("window.hurt") is None


def test_markup_in_the_name_of_a_file_a_job_or_a_tag_is_never_stored(stack: Stack) -> None:
    upload = stack.http.post("/api/v1/datasets", params={"name": MARKUP}, content=b"a,b\n1,2\n")
    assert upload.status_code == 422
    for wrong in ({"name": MARKUP}, {"tags": [MARKUP]}):
        answer = stack.http.post("/api/v1/jobs", json={"data": {"builtin": "iris"}, "model": "linear"} | wrong)
        assert answer.status_code == 422
