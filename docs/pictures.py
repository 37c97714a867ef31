"""Takes the pictures of docs/pictures: every page of a real stack, in both widths and both colours."""

import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from api.pages.job import TABS
from tests.browser.conftest import ARGUMENTS, CHROMIUM, DIVERGING, ENDLESS
from tests.stack import Stack, local_stack

FOLDER = Path(__file__).parent / "pictures"
WIDTHS = {"wide": 1280, "narrow": 400}
COLOURS = ("light", "dark")
TALLEST = 1_400
PALETTE = 128  #: colours of a picture: pages have few, and a picture stays small


def main() -> None:
    """Take every picture anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with local_stack(Path(folder) / "data") as stack:
            _take(browser, stack, {"first-run": "/"})
            _take(browser, stack, _filled(stack))
        browser.close()


def _filled(stack: Stack) -> dict[str, str]:
    """Give the server something to show; return the pages by name."""
    upload = _uploaded(stack)
    done, failed, alike = _trained(stack, upload)
    stack.http.post("/api/v1/models/flowers/versions", json={"job": done})
    stack.http.put("/api/v1/models/flowers/aliases/champion", json={"version": 1})
    endless = _busy(stack)
    return _pages(stack, upload, done) | {
        "job-running": f"/jobs/{endless}",
        "job-failed": f"/jobs/{failed}",
        "compare": f"/compare?jobs={alike}",
        "compare-parallel": f"/compare?jobs={alike}&view=parallel",
        "compare-scatter": f"/compare?jobs={alike}&view=scatter",
    }


def _uploaded(stack: Stack) -> str:
    """Upload a table and return its id."""
    rows = [
        f"{n % 90 / 10:.1f},{n * 7 % 40},{'north' if n % 3 else 'south'},{(n * 7 % 40 > 20) + (n % 3 > 0)}"
        for n in range(400)
    ]
    text = "temperature,humidity,site,grade\n" + "\n".join(rows) + "\n"
    return str(stack.http.post("/api/v1/datasets?name=harvest.csv", content=text.encode()).json()["id"])


def _trained(stack: Stack, upload: str) -> tuple[str, str, str]:
    """Train jobs; return one that succeeded, one that failed, and by comma those that can be compared."""
    jobs = [
        stack.submit({"data": {"builtin": "iris"}, "model": "mlp", "tags": ["baseline"]}),
        stack.submit({"data": {"builtin": "wine"}, "model": "linear", "optimizer": {"type": "adamw", "lr": 0.01}}),
        stack.submit({"data": {"builtin": "iris"}, "model": {"type": "mlp", "hidden": [32]}, "tags": ["small"]}),
        stack.submit({"data": {"builtin": "diabetes"}, "model": "mlp"}),
        stack.submit({"data": {"dataset": upload, "target": "grade"}, "model": "mlp", "epochs": 60}),
        stack.submit(DIVERGING),
    ]
    adamw = {"type": "adamw", "lr": 0.01}
    tuned = stack.submit({"data": {"builtin": "iris"}, "model": {"type": "mlp", "hidden": [64]}, "optimizer": adamw})
    jobs.append(tuned)
    for job in jobs:
        stack.finished(job)
    return jobs[0], jobs[5], ",".join((jobs[0], jobs[2], tuned))


def _busy(stack: Stack) -> str:
    """Let a job train that does not end, and others wait; return it once its curve is one."""
    endless = stack.submit(ENDLESS | {"name": "iris-long"})
    for _ in range(3):
        stack.submit(ENDLESS | {"name": "waits-its-turn"})
    while not (stack.json(f"/api/v1/jobs/{endless}")["latest"] or {}).get("epoch", 0) > 60:
        time.sleep(0.2)
    return endless


def _pages(stack: Stack, upload: str, done: str) -> dict[str, str]:
    tabs = {f"job-{tab}": f"/jobs/{done}?tab={tab}" for tab in TABS}
    return {
        "jobs": "/",
        "new": "/new",
        "new-data": f"/new?dataset={upload}",
        **tabs,
        "datasets": "/datasets",
        "dataset": f"/datasets/{upload}",
        "models": "/models",
        "model": "/models/flowers",
        "queue": "/queue",
        "docs": "/docs",
        "about": "/about",
        "not-found": f"/jobs/{stack.json(f'/api/v1/jobs/{done}')['name']}0",
    }


def _take(browser: Browser, stack: Stack, pages: dict[str, str]) -> None:
    for width_name, width in WIDTHS.items():
        for colour in COLOURS:
            look: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": colour}
            with browser.new_context(base_url=stack.url, **look) as context:
                page = context.new_page()
                for name, address in pages.items():
                    page.goto(address)
                    _settled(page, name)
                    _keep(page, FOLDER / f"{name}-{width_name}-{colour}.png", width)


def _settled(page: Page, name: str) -> None:
    if name == "job-predict":
        page.get_by_role("button", name="Predict", exact=True).click()
        page.locator(".answer").wait_for()
    for figure in page.locator("figure[data-chart]").all():  # drawn when they are in sight
        figure.scroll_into_view_if_needed()
        figure.locator(".uplot").wait_for()
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(400)


def _keep(page: Page, path: Path, width: int) -> None:
    height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    taken = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
    picture = Image.open(BytesIO(taken)).convert("RGB")
    picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE).save(path, optimize=True)


def _palette(picture: Image.Image) -> Image.Image:
    """Return the colours that cover most of a picture, exactly as they are: a quantizer would tint its ground."""
    counts = sorted(picture.getcolors(picture.width * picture.height) or [], reverse=True)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in counts[:PALETTE] for part in cast(tuple[int, ...], colour)])
    return palette


if __name__ == "__main__":
    main()
