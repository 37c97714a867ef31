"""The site of the documents: it builds without a warning, lists every page and asks no other server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LOADED = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|srcset|href)=\"((?:https?:)?//[^\"]+)")
LANGUAGES = {"tutorial.html": "en", "tutorial.ko.html": "ko"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs-site` does; a link that leads nowhere is a warning and fails it."""
    folder = tmp_path_factory.mktemp("site")
    strict = ["--fail-on-warning", "--keep-going", "-q", "-b", "html", "-d", str(folder / "doctrees")]
    build = [sys.executable, "-m", "sphinx", *strict, str(DOCS), str(folder / "html")]
    done = subprocess.run(build, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONWARNINGS": ""})
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_page_is_on_the_site_and_in_its_navigation(site: Path) -> None:
    pages = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")} - {"index.html"}
    start = (site / "index.html").read_text()
    sidebar = start[start.index("sidebar-tree") : start.index('class="main"')]

    assert pages
    assert {page for page in pages if f'href="{page}"' not in sidebar} == set()
    assert all((site / page).is_file() for page in pages)


def test_no_page_loads_anything_from_another_server(site: Path) -> None:
    found = {path.name: LOADED.findall(path.read_text()) for path in site.rglob("*.html")}
    styles = "".join(path.read_text() for path in site.rglob("*.css"))

    assert {name: links for name, links in found.items() if links} == {}
    assert re.findall(r"url\([\"']?(?:https?:)?//|@import", styles) == []
    assert LOADED.findall('<script async src="https://example.com/a.js">') == ["https://example.com/a.js"]


def test_a_page_names_its_language(site: Path) -> None:
    named = {name: re.findall(r'<html[^>]* lang="(\w+)"', (site / name).read_text()) for name in LANGUAGES}

    assert named == {name: [language] for name, language in LANGUAGES.items()}
