"""A job that takes images: the form of its page takes a PNG or JPEG file. And a data set gets another name."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.stack import Stack

SIZE = 8


def test_a_picture_is_chosen_and_predicted(stack: Stack, watch: Callable[..., Watched], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).random((80, 3, SIZE, SIZE)) * 50
    noise[::2, 0] += 200
    noise[1::2, 2] += 200
    written = io.BytesIO()
    np.savez(written, pixels=noise.astype(np.float32), label=np.array(["red", "blue"] * 40))
    upload = stack.http.post("/api/v1/datasets?name=photos.npz", content=written.getvalue()).json()["id"]
    columns = {"pixels": {"type": "tensor", "shape": [3, SIZE, SIZE]}}
    data = {"dataset": upload, "target": "label", "columns": columns}
    job = stack.submit({"data": data, "model": {"type": "cnn", "channels": [4], "hidden": [8]}, "epochs": 10})
    stack.finished(job)
    watched = watch(stack.url)
    watched.expected = ["422"]  # of the file that is no picture
    tab = watched.page(f"/jobs/{job}?tab=predict")
    example = tab.get_by_alt_text("The picture, 8 by 8 pixels")
    expect(example).to_be_visible()
    first = example.get_attribute("src")

    for name, colour in (("blue", (20, 30, 230)), ("red", (230, 30, 20))):
        path = tmp_path / (f"{name}.png" if name == "blue" else f"{name}.jpg")
        Image.new("RGB", (64, 48), colour).save(path)
        tab.get_by_label("Or choose a PNG or JPEG file").set_input_files(path)
        tab.get_by_role("button", name="Predict", exact=True).click()

        expect(tab.locator(".answer")).to_have_text(name)
        assert example.get_attribute("src") != first

    (tmp_path / "words.png").write_text("no picture")
    tab.get_by_label("Or choose a PNG or JPEG file").set_input_files(tmp_path / "words.png")
    tab.get_by_role("button", name="Predict", exact=True).click()
    expect(tab.get_by_role("alert")).to_contain_text("can't be read as a PNG or JPEG picture")

    tab.goto(f"/datasets/{upload}")
    tab.locator("summary", has_text="Rename").click()
    tab.get_by_label("Name", exact=True).fill("holiday.npz")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("heading", name="holiday.npz")).to_be_visible()
    assert stack.json("/api/v1/datasets/holiday.npz")["id"] == upload
