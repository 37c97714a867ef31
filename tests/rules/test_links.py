"""Every link of the documents leads to something, and every page can be reached from the index."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def links(text: str) -> list[str]:
    """Return where a page's links and pictures lead, without those to other sites."""
    prose = re.sub(r"```.*?\n *```|`[^`\n]*`", "", text, flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"", prose)
    return [link for pair in found for link in pair if link and not re.match(r"[a-z]+:", link)]


def anchors(text: str) -> set[str]:
    """Return the names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(path: Path, text: str) -> list[str]:
    """Return the links of a page that lead to no file, or to no heading of it."""
    found = []
    for link in links(text):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            found.append(link)
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_leads_to_something(path: Path) -> None:
    assert broken(path, path.read_text()) == []


def test_every_page_is_linked_from_the_index() -> None:
    index = DOCS / "index.md"
    linked = {(DOCS / link).resolve() for link in links(index.read_text())}
    pages = set(DOCS.rglob("*.md")) - {index}

    assert DOCS / "quickstart.md" in pages
    assert pages - linked == set()


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("[here](architecture.md)", []),
        ("[there](nowhere.md)", ["nowhere.md"]),
        ("[here](architecture.md#forks), [there](architecture.md#knives)", ["architecture.md#knives"]),
        ('<img src="pictures/none.png">', ["pictures/none.png"]),
        ("[elsewhere](https://example.org/), `[code](none.md)`", []),
    ],
)
def test_a_link_to_nothing_is_found(text: str, lost: list[str]) -> None:
    assert broken(DOCS / "planted.md", text) == lost
