"""What the code says and what the documents say is the same."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from api import create_app
from api.problems import STATUS, slug
from docs import generate
from services.db.schema import MIGRATIONS, head
from services.errors import BatchyardError, RequestFault, ServiceFault
from services.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The application; its threads end with the test."""
    app = create_app(Settings(storage_dir=tmp_path))
    yield app
    app.extensions["batchyard"].load_predictions()
    app.extensions["batchyard"].close()


def test_each_generated_page_is_up_to_date() -> None:
    # In a process of its own: the order of a union in a schema may be that of whoever wrote the same union first.
    write = "import json; from docs import generate; print(json.dumps(generate.pages()))"
    found = subprocess.run([sys.executable, "-c", write], cwd=ROOT, check=True, capture_output=True, text=True)
    stale = [name for name, text in json.loads(found.stdout).items() if (generate.REFERENCE / name).read_text() != text]

    assert stale == [], "run: make docs"


def test_every_error_that_a_request_can_meet_has_a_status() -> None:
    kinds = {kind for family in (RequestFault, ServiceFault) for kind in generate.kinds(family)}

    assert {kind.code for kind in kinds if "code" in vars(kind)} <= set(STATUS)
    assert set(STATUS) == {kind.code for kind in generate.kinds(BatchyardError)} & set(STATUS)


def test_the_tree_at_the_top_of_the_errors_names_each_of_them() -> None:
    tree = (ROOT / "services/errors.py").read_text().split('"""')[1]

    assert {kind.__name__ for kind in generate.kinds(BatchyardError)} == set(
        re.findall(r"\b([A-Z]\w+)\b(?= {2,}|\n)", tree)
    ) & {kind.__name__ for kind in generate.kinds(BatchyardError)}


def test_every_route_stands_in_openapi_and_every_problem_has_a_page(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("pages.")]
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in rules}
    client = app.test_client()

    assert set(client.get("/api/v1/openapi.json").get_json()["paths"]) == routes
    assert {client.get(f"/problems/{slug(code)}").status_code for code in STATUS} == {200}


def test_every_page_stands_in_the_guide_to_the_pages(app: Flask) -> None:
    pages = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("pages.")}
    guide = (ROOT / "docs/how-to/pages.md").read_text()

    shown = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule) for rule in pages}
    assert {page for page in shown if f"`{page}`" not in guide} == set()


def test_migrations_are_numbered_and_each_follows_the_one_before() -> None:
    paths = sorted((MIGRATIONS / "versions").glob("*.py"))
    numbers = [path.name.split("_")[0] for path in paths]
    follows = [re.search(r"^down_revision = \"?(\w+)", path.read_text(), re.MULTILINE) for path in paths]

    assert all(re.fullmatch(r"\d{4}", number) for number in numbers)
    assert [found[1] for found in follows if found] == ["None", *numbers[:-1]]
    assert head() == numbers[-1]


def test_the_lock_pins_the_torch_that_was_tried_and_names_no_place() -> None:
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]

    assert "torch==2.13.0" in lines
    assert all(re.fullmatch(r"[a-z0-9._-]+==[A-Za-z0-9.]+", line) for line in lines if line)


def test_every_command_of_compose_is_a_part_of_the_server() -> None:
    commands = re.findall(r'"batchyard", "server", "(\w+)"', (ROOT / "compose.yaml").read_text())
    parts = set(re.findall(r'add_parser\("(\w+)"', (ROOT / "local/parts.py").read_text()))

    assert set(commands) <= parts


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_a_file_that_a_page_names_exists(page: str) -> None:
    named = re.findall(r"`((?:services|worker|api|local|tests|docs)/[\w/]+\.py)`", (ROOT / page).read_text())

    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_a_test_that_the_page_of_faults_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/reference/faults.md").read_text()))

    assert named
    assert named <= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
