"""The site that `make docs-site` builds from the pages of this folder. The index page is its navigation."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parent
LINK = re.compile(r"\[([^\]]+)\]\(([^):\s]+)\)")
MERMAID = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)

project = html_title = "Batchyard"
extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 3
nitpicky = True
html_theme = "furo"
html_theme_options = {"navigation_with_keys": True}
html_copy_source = html_show_sourcelink = html_show_copyright = html_use_index = False


def setup(app: Sphinx) -> None:
    """Adapt the pages, which are written to be read on a Git host as well."""
    app.connect("source-read", _adapt)
    app.connect("html-page-context", _name_the_language)


def _adapt(_app: Sphinx, page: str, source: list[str]) -> None:
    text = source[0]
    if page == "index":
        text += _navigation(text)
    # Drawing the diagram would take a script from another server; the table below it says the same.
    text = MERMAID.sub("", text)
    folder = (HERE / page).parent
    source[0] = LINK.sub(lambda link: link[0] if _on_the_site(folder, link[2]) else link[1], text)


def _navigation(index: str) -> str:
    """Return a table of contents for the sidebar: a part for each section of the index page."""
    parts = []
    for caption, section in SECTION.findall(index):
        pages = [target.removesuffix(".md") for _, target in LINK.findall(section) if _on_the_site(HERE, target)]
        lines = "\n".join(page for page in pages if "#" not in page)
        parts.append(f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n")
    return "".join(parts)


def _on_the_site(folder: Path, target: str) -> bool:
    """Say whether a link stays in this folder; what lies beside it, such as the change log, has no page on the site."""
    return (folder / target).resolve().is_relative_to(HERE)


def _name_the_language(_app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    context["language"] = "ko" if page.endswith(".ko") else "en"
