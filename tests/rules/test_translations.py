"""A translated page has the code, the pictures and the headings of the page that it was made from."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRANSLATED = sorted(path for folder in (ROOT, ROOT / "docs") for path in folder.glob("*.ko.md"))


def code(text: str) -> list[str]:
    """Return what is in the fences of a page, without comments."""
    return [re.sub(r" +# .*$", "", block, flags=re.MULTILINE) for block in re.findall(r"```.*?\n```", text, re.DOTALL)]


@pytest.mark.parametrize("path", TRANSLATED, ids=lambda path: path.name)
def test_a_translation_has_the_code_and_the_shape_of_the_page_it_is_of(path: Path) -> None:
    translated = path.read_text()
    original = path.with_name(path.name.replace(".ko.md", ".md")).read_text()

    assert code(translated) == code(original)
    assert re.findall(r"^#+ ", translated, re.MULTILINE) == re.findall(r"^#+ ", original, re.MULTILINE)
    assert pictures(translated) == pictures(original)


def pictures(text: str) -> list[str]:
    """Return the pictures that a page shows."""
    return re.findall(r'src(?:set)?="([^"]+)"', text)


def test_there_are_translations_and_only_comments_may_differ() -> None:
    assert {path.name for path in TRANSLATED} == {"README.ko.md", "tutorial.ko.md"}
    assert code("```bash\nls  # show\n```") == code("```bash\nls  # 보기\n```")
    assert code("```bash\nls -a\n```") != code("```bash\nls\n```")
