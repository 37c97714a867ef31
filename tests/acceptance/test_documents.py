"""The code blocks of the documents, run as they stand against a real stack."""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pyarrow import csv, parquet

from tests.plugins import install as plugins
from tests.stack import Stack, local_stack

ROOT = Path(__file__).parents[2]
HOW_TO = [
    "checkpoints",
    "client",
    "datasets",
    "follow",
    "images",
    "larger-than-memory",
    "models",
    "notebooks",
    "own-csv",
    "plugins",
    "scikit-learn",
]
PAGES = ["README.md", "docs/quickstart.md", "docs/tutorial.md", *(f"docs/how-to/{name}.md" for name in HOW_TO)]
#: What a reader's own machine runs, not the service: set-up, containers.
NOT_HERE = re.compile(r"\b(make|docker) ")
#: Runs the code of a page from top to bottom, in one Python and in shells of its own.
SCRIPT = """\
import subprocess


def shell(code):
    subprocess.run(["bash", "-euxo", "pipefail", "-c", code], check=True)


"""
BLOCK = re.compile(r"^( *)```(bash|python|json)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that all pages share, with the example plug-ins installed and allowed."""
    folder = tmp_path_factory.mktemp("documents")
    plugins.install(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        with local_stack(folder / "data", "--workers", "2", plugins="wide,spirals") as running:
            yield running


def blocks(text: str, language: str) -> list[str]:
    """Return the code of a page's blocks in one language."""
    found = [textwrap.dedent(code) for _, kind, code in BLOCK.findall(text) if kind == language]
    return [code for code in found if not NOT_HERE.search(code)]


def script(text: str) -> str:
    """Return one Python script with all that a page runs, in its order."""
    parts = [SCRIPT]
    for _, kind, code in BLOCK.findall(text):
        if kind == "python":
            parts.append(textwrap.dedent(code))
        elif kind == "bash" and not NOT_HERE.search(code):
            parts.append(f"shell({textwrap.dedent(code)!r})")
    return "\n".join(parts)


def photos(folder: Path) -> None:
    """Draw a few photos: a cat is an upright bar, a dog a level one."""
    for n in range(40):
        kind, box = ("cat", (n % 8, 0, n % 8 + 6, 32)) if n % 2 else ("dog", (0, n % 8, 32, n % 8 + 6))
        image = Image.new("L", (32, 32))
        image.paste(255, box)
        (folder / kind).mkdir(parents=True, exist_ok=True)
        image.save(folder / kind / f"{n}.png")


def reader(folder: Path, url: str) -> dict[str, str]:
    """Make what a reader has at hand, and return the environment of a shell of theirs."""
    (folder / "bin").mkdir()
    (folder / "bin" / "batchyard").write_text(f'#!/bin/sh\nexec {sys.executable} -m batchyard "$@"\n')
    (folder / "bin" / "batchyard").chmod(0o755)
    # A refusal is a failure of the page, and its words are wanted.
    (folder / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    rows = [f"{40 + n % 7 * 12},{n % 4 + 1},{100 + n % 7 * 30 + n % 4 * 15}" for n in range(80)]
    for name, target in (("mine.csv", "price"), ("sales.csv", "amount")):
        (folder / name).write_text("\n".join([f"size,rooms,{target}", *rows]) + "\n")
    csv.write_csv(parquet.read_table(ROOT / "services/datasets/builtin/iris.parquet"), folder / "iris.csv")
    photos(folder / "photos")
    return os.environ | {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CURL_HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "BATCHYARD_URL": url,
    }


def run(command: list[str], folder: Path, environ: dict[str, str]) -> str:
    """Run a command that must succeed and return what it prints."""
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_every_line_of_a_page_does_what_it_says(page: str, stack: Stack, tmp_path: Path) -> None:
    text = (ROOT / page).read_text().replace("127.0.0.1:8000", stack.url.removeprefix("http://"))
    before = {job["id"] for job in stack.json("/api/v1/jobs?limit=100")["data"]}

    printed = run([sys.executable, "-u", "-c", script(text)], tmp_path, reader(tmp_path, stack.url))

    jobs = [job["id"] for job in stack.json("/api/v1/jobs?limit=100")["data"] if job["id"] not in before]
    assert jobs
    assert {stack.finished(job)["status"] for job in jobs} == {"succeeded"}
    if page == "docs/tutorial.md":  # from the rows in the spec and from the CSV
        answers = [float(number) for number in re.findall(r'"predictions":\[([\d.]+)\]', printed)]
        assert answers == pytest.approx([152, 152], abs=1.5)


def test_the_tutorials_script_and_its_job_predict_the_same(stack: Stack, tmp_path: Path) -> None:
    text = (ROOT / "docs/tutorial.md").read_text()
    script = "\n".join(blocks(text, "python")[:5])
    job = merged(blocks(text, "json"))

    printed = run([sys.executable, "-c", script], tmp_path, reader(tmp_path, stack.url)).splitlines()

    trained = stack.submit(job)
    stack.finished(trained)
    answer = stack.http.post(f"/api/v1/jobs/{trained}/predict", json={"x": [[73, 80, 75]]}).json()
    assert printed[0].startswith("Epoch 1/2000 Batch 1/3 Cost: ")
    assert float(printed[-1]) == pytest.approx(152, abs=1.5)
    assert answer["predictions"] == pytest.approx([152], abs=1.5)


def test_the_parts_of_the_tutorials_job_are_the_whole_of_it() -> None:
    text = (ROOT / "docs/tutorial.md").read_text()
    whole = re.search(r"scores.json <<'JSON'\n(.*?)\nJSON", text, re.DOTALL)

    assert whole
    assert merged(blocks(text, "json")) | {"name": "scores"} == json.loads(whole[1])


def merged(parts: list[str]) -> dict[str, Any]:
    """Return the job that several JSON blocks make, later ones over earlier ones."""
    job: dict[str, Any] = {}
    for part in parts:
        job |= json.loads(part)
    return job


def test_a_block_is_found_in_a_list_too_and_one_for_the_readers_machine_is_left_out() -> None:
    text = "```bash\nmake demo\n```\n\n1. Ask:\n\n   ```bash\n   curl \\\n     here\n   ```\n"

    assert blocks(text, "bash") == ["curl \\\n  here\n"]
