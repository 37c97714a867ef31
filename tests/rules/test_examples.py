"""Every request that the documents show is one that the OpenAPI document allows."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from api import openapi
from docs.http_reference import views

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/how-to").glob("*.md"))]
DOCUMENT = openapi.document(views(), "", asks_for_keys=True)


def commands(lines: list[str]) -> Iterator[list[str]]:
    """Yield the words of each curl command of a page; it ends with its line, unless a quote or a backslash is open."""
    for n, line in enumerate(lines):
        if not line.strip().startswith("curl "):
            continue
        for end in range(n + 1, len(lines) + 1):
            command = "\n".join(lines[n:end])
            if not command.endswith("\\"):
                with suppress(ValueError):  # a quote is open
                    yield shlex.split(command)
                    break


def requests() -> Iterator[tuple[str, str, str, Any]]:
    """Yield the page, method, path and JSON of each request; of multipart ones as the service completes them."""
    for page in PAGES:
        for words in commands(page.read_text().splitlines()):
            path = next(
                (urlsplit(word if "//" in word else f"//{word}").path for word in words if ":8000/" in word), ""
            )
            sent = next((words[n + 1] for n, word in enumerate(words) if word in {"--json", "-d"}), "@")
            spec = next((word.removeprefix("spec=") for word in words if word.startswith("spec={")), None)
            if not sent.startswith("@"):
                yield page.name, words[words.index("-X") + 1] if "-X" in words else "POST", path, json.loads(sent)
            elif spec:
                part = json.loads(spec)
                yield page.name, "POST", path, part | {"data": part["data"] | {"dataset": "ds_uploaded"}}


EXAMPLES = list(requests())


def schema_of(method: str, path: str) -> dict[str, Any]:
    """Return what the document allows as the JSON of a request."""
    for template, methods in sorted(DOCUMENT["paths"].items(), key=lambda one: one[0].count("{")):
        if method.lower() in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            body: dict[str, Any] = methods[method.lower()]["requestBody"]["content"]["application/json"]["schema"]
            return body | {"components": DOCUMENT["components"]}
    raise AssertionError(f"{method} {path} is not in the document")


@pytest.mark.parametrize(("page", "method", "path", "body"), EXAMPLES, ids=lambda value: str(value)[:40])
def test_a_request_that_a_page_shows_is_one_that_the_document_allows(
    page: str, method: str, path: str, body: Any
) -> None:
    faults = [error.message for error in jsonschema.Draft202012Validator(schema_of(method, path)).iter_errors(body)]

    assert faults == []


def test_the_requests_of_the_pages_are_found_and_a_wrong_one_is_seen() -> None:
    wrong = {"data": {"builtin": "iris"}, "model": "mlp", "optimiser": "sgd"}

    assert len(EXAMPLES) >= 15
    assert {path for _, _, path, _ in EXAMPLES} >= {"/api/v1/jobs", "/api/v1/webhooks", "/api/v1/jobs/scores/predict"}
    assert not jsonschema.Draft202012Validator(schema_of("POST", "/api/v1/jobs")).is_valid(wrong)


def test_the_tutorials_job_in_parts_is_one_that_the_document_allows() -> None:
    parts = re.findall(r"```json\n(.*?)```", (ROOT / "docs/tutorial.md").read_text(), re.DOTALL)
    job: dict[str, Any] = {}
    for part in parts:
        job |= json.loads(part)

    assert jsonschema.Draft202012Validator(schema_of("POST", "/api/v1/jobs")).is_valid(job)
