"""Whoever keeps everything in the storage folder pays nothing for S3: its library is loaded by the first request."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[4]


def loaded_at_once(text: str) -> set[str]:
    """Return the libraries that a source imports when it is imported."""
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    return found


def test_the_library_of_s3_is_known_in_one_file_and_loaded_by_its_first_request() -> None:
    sources = [path for folder in ("services", "api", "worker", "local") for path in (ROOT / folder).rglob("*.py")]
    knowing = [path for path in sources if "import obstore" in path.read_text() or "from obstore" in path.read_text()]

    assert [path.relative_to(ROOT).as_posix() for path in knowing] == ["services/objects/store.py"]
    assert "obstore" not in loaded_at_once(knowing[0].read_text())
    assert loaded_at_once("import obstore.store\nfrom a.b import c") == {"obstore", "a"}
