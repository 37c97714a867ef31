"""Two builds of an image are compared by all that is in them, but not by when it was written."""

import io
import tarfile
from typing import Any

import pytest

from docker.build_twice import Contents, contents, differences

DEBIAN = b"Package: tar\nStatus: install ok\nVersion: 1.34\n\nPackage: zlib1g\nEssential: no\nVersion: 1:1.2\n"
FILES: dict[str, bytes] = {
    "var/lib/dpkg/status": DEBIAN,
    "opt/lib/site-packages/flask-3.1.2.dist-info/METADATA": b"Name: Flask",
    "app/api/jobs.py": b"print()",
}


def image(files: dict[str, bytes] = FILES, mtime: int = 0, **jobs: Any) -> Contents:
    """Return the contents of an image; `jobs` are members of the entry of one of its files."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            item = tarfile.TarInfo(name)
            item.size, item.mtime = len(content), mtime
            for member, value in jobs.items() if name.endswith("jobs.py") else ():
                setattr(item, member, value)
            tar.addfile(item, io.BytesIO(content))
        link = tarfile.TarInfo("usr/bin/python")
        link.type, link.linkname = tarfile.SYMTYPE, "python3"
        tar.addfile(link)
    archive.seek(0)
    return contents(archive)


def test_packages_are_those_of_debian_and_python() -> None:
    assert image().packages == {"tar 1.34", "zlib1g 1:1.2", "flask 3.1.2"}


def test_builds_at_other_times_are_alike() -> None:
    assert differences(image(), image(mtime=1_900_000_000)) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (image(mode=0o755), ["mode: app/api/jobs.py"]),
        (image(uid=7), ["owner: app/api/jobs.py"]),
        (image(FILES | {"app/api/jobs.py": b"print(1)"}), ["size, content: app/api/jobs.py"]),
        (image(FILES | {"app/api/jobs.py": b"pr1nt()"}), ["content: app/api/jobs.py"]),
        (image(FILES | {"root/.cache/x": b""}), ["only in one: root/.cache/x"]),
        (
            image(FILES | {"var/lib/dpkg/status": DEBIAN.replace(b"1.34", b"1.35")}),
            ["package only in one: tar 1.34", "package only in one: tar 1.35", "content: var/lib/dpkg/status"],
        ),
    ],
)
def test_what_differs_is_named(other: Contents, said: list[str]) -> None:
    assert differences(image(), other) == said
