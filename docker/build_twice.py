"""Builds the image of a commit twice, without a cache, and compares the packages, files, modes, owners and contents.

`python docker/build_twice.py [COMMIT]` needs a Docker engine and some minutes. Where the builds differ, it says so and
ends with 1. Times of files are not compared: they say when a build ran, and no program here reads them.
"""

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
DOCKER, GIT = (shutil.which(name) or name for name in ("docker", "git"))
BUILD = [DOCKER, "build", "-q", "--no-cache", "-f", "docker/Dockerfile", "-"]
MOST = 20  #: differences of one kind that are named
PYTHON = re.compile(r"/site-packages/([^/]+)\.dist-info/METADATA$")
DEBIAN = re.compile(r"^Package: (?P<name>.+)\n(?:.+\n)*?Version: (?P<version>.+)$", re.MULTILINE)
DEBIAN_LIST = "var/lib/dpkg/status"


@dataclass(frozen=True)
class Entry:
    """What is at one place in an image."""

    kind: bytes  #: as tar writes it: a file, a folder, a link
    mode: int
    owner: tuple[int, int]
    size: int
    content: str  #: a file's SHA-256, a link's target


@dataclass(frozen=True)
class Contents:
    """What an image holds."""

    entries: Mapping[str, Entry]
    packages: frozenset[str]  #: name and version, of Python and Debian


def contents(archive: IO[bytes]) -> Contents:
    """Read the archive of an image's files, as `docker export` writes it."""
    entries, packages = {}, set()
    with tarfile.open(fileobj=archive, mode="r|") as files:
        for item in files:
            content = item.linkname
            if file := files.extractfile(item) if item.isreg() else None:
                if item.name == DEBIAN_LIST:
                    file = io.BytesIO(file.read())
                    packages |= {f"{it['name']} {it['version']}" for it in DEBIAN.finditer(file.getvalue().decode())}
                content = _digest(file)
            if found := PYTHON.search(item.name):
                packages.add(found[1].replace("-", " ", 1))
            entries[item.name] = Entry(item.type, item.mode, (item.uid, item.gid), item.size, content)
    return Contents(entries, frozenset(packages))


def differences(one: Contents, other: Contents) -> list[str]:
    """Return a line for each thing in which two images differ."""
    both = one.entries.keys() & other.entries.keys()
    lines = [f"package only in one: {name}" for name in sorted(one.packages ^ other.packages)]
    lines += [f"only in one: {name}" for name in sorted(one.entries.keys() ^ other.entries.keys())]
    for name in sorted(both):
        first, second = vars(one.entries[name]), vars(other.entries[name])
        if parts := [part for part in first if first[part] != second[part]]:
            lines.append(f"{', '.join(parts)}: {name}")
    return lines


def built(sources: bytes) -> Contents:
    """Build an image, read it and return what it holds; nothing of it stays, but for the engine's cache."""
    image = _said(*BUILD, sources=sources)
    container = _said(DOCKER, "create", image)
    try:
        with subprocess.Popen([DOCKER, "export", container], stdout=subprocess.PIPE) as export:
            assert export.stdout is not None
            return contents(export.stdout)
    finally:
        _said(DOCKER, "rm", container)
        _said(DOCKER, "rmi", image)


def main() -> None:
    """Build twice and compare."""
    commit = sys.argv[1] if len(sys.argv) > 1 else "HEAD"
    sources = subprocess.run([GIT, "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    one, other = built(sources), built(sources)
    print(f"{len(one.packages)} packages, {len(one.entries)} files and folders")
    if lines := differences(one, other):
        print(*lines[:MOST], sep="\n")
        raise SystemExit(f"The two builds differ in {len(lines)} places.")
    print("Both builds hold the same.")


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _said(*command: str, sources: bytes | None = None) -> str:
    done = subprocess.run(command, input=sources, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().strip()


if __name__ == "__main__":
    main()
