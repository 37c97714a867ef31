"""axe finds nothing on any page, in light and dark, wide and narrow, with jobs that run, failed and are not there."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from api.pages.job import TABS
from tests.browser.conftest import DIVERGING, Watched, running
from tests.stack import Stack

STANDING = ("/", "/new", "/new?builtin=iris", "/compare", "/datasets", "/queue", "/models", "/about", "/docs")
LOOKS: list[dict[str, Any]] = [
    {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    {"color_scheme": "dark", "viewport": {"width": 400, "height": 800}},
]


def _faults(watched: Watched, paths: list[str]) -> list[str]:
    # The checker is a script that our own policy refuses; it is a guest in these contexts only.
    page = watched.page("/")
    found = []
    for path in paths:
        page.goto(path)
        page.wait_for_timeout(300)
        results = Axe().run(page, options={"resultTypes": ["violations"]})
        for fault in results.response["violations"]:
            nodes = "; ".join(node["html"][:120] for node in fault["nodes"][:3])
            found.append(f"{path}: {fault['id']}: {fault['help']}: {nodes}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the window"
    return found


@pytest.mark.parametrize("look", LOOKS, ids=["light and wide", "dark and narrow"])
def test_pages_of_a_server_with_jobs_are_accessible(
    stack: Stack, watch: Callable[..., Watched], look: dict[str, Any]
) -> None:
    failed = stack.submit(DIVERGING)
    stack.finished(failed)
    done = stack.submit({"data": {"builtin": "iris"}, "model": "linear", "epochs": 3, "tags": ["blue"]})
    stack.finished(done)
    upload = stack.http.post("/api/v1/datasets?name=few.csv", content=b"a,b,c\n" + b"1,2,x\n3,4,y\n" * 20)
    dataset = upload.json()["id"]
    stack.http.post("/api/v1/models/seen/versions", json={"job": done})
    watched = watch(stack.url, bypass_csp=True, **look)
    watched.expected = ["404"]
    with running(stack) as trains:
        jobs = [f"/jobs/{job}?tab={tab}" for job in (trains, failed, done) for tab in TABS]
        more = [f"/datasets/{dataset}", f"/new?dataset={dataset}", f"/compare?jobs={failed},{done}", "/?status=paused"]
        more += ["/jobs/never-was", "/problems/not-found", "/models/seen"]
        assert _faults(watched, [*STANDING, *jobs, *more]) == []


@pytest.mark.parametrize("look", LOOKS, ids=["light and wide", "dark and narrow"])
def test_pages_of_an_empty_server_are_accessible(
    bare: Stack, watch: Callable[..., Watched], look: dict[str, Any]
) -> None:
    assert _faults(watch(bare.url, bypass_csp=True, **look), list(STANDING)) == []
