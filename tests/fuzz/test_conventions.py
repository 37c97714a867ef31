"""Every operation of the document, called on a running stack with real names: what comes is what is written."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema
import pytest

from tests.fuzz import stock
from tests.stack import Stack, local_stack

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(600)]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
PREFIXES = {"job": "job_", "checkpoint": "ckpt_", "dataset": "ds_", "webhook": "wh_", "prediction": "pred_"}
ROWS = {"x": [[5.1, 3.5, 1.4, 0.2]]}
TENSORS = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": ROWS["x"]}]}
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER
#: Objects whose members are the user's, or another standard's.
FREE = {"Document", "Catalog"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that has been in use."""
    settings = {"max_wait_s": "0.2", "stream_s": "0.2", "webhooks_private": "127.0.0.0/8"}
    with local_stack(tmp_path_factory.mktemp("conventions") / "data", "--workers", "1", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def found(stack: Stack) -> stock.Stock:
    """What is there."""
    return stock.fill(stack)


def bodies(found: stock.Stock) -> dict[str, dict[str, Any]]:
    """Return how each operation that needs more than a path is called."""
    csv = {"content": stock.TABLE + "1,2,3\n", "headers": {"Content-Type": "text/csv"}}
    return {
        "POST /api/v1/jobs": {"json": stock.INLINE},
        "POST /api/v1/jobs/cancel": {"json": {"jobs": [found.jobs[0], "job_unknown"]}},
        "PATCH /api/v1/jobs/{job_id}": {"json": {"tags": ["seen"]}},
        "POST /api/v1/jobs/{job_id}/retry": {"json": {}},
        "GET /api/v1/jobs/{job_id}/batches": {"params": {"epoch": 1}},
        "POST /api/v1/datasets": csv,
        "PATCH /api/v1/datasets/{dataset_id}": {"json": {"name": "sold.csv"}},
        "POST /api/v1/webhooks": {"json": {"url": stock.RECEIVER}},
        "POST /api/v1/models/{name}/versions": {"json": {"job": found.jobs[0]}},
        "PUT /api/v1/models/{name}/aliases/{alias}": {"json": {"version": 2}},
        "POST /api/v1/jobs/{job_id}/predict": {"json": ROWS},
        "POST /api/v1/models/{name}/predict": {"json": ROWS},
        "POST /api/v1/models/{name}/versions/{version}/predict": {"json": ROWS},
        "POST /api/v1/keys": {"json": {"owner": "another"}},
        "POST /api/v1/shares": {"json": {"job": found.jobs[2], "reader": "*"}},
        "PATCH /api/v1/owners/{owner}": {"json": {"queued_jobs": 5}},
        "POST /api/v1/predictions": {"json": {"job": found.jobs[2], "dataset": found.datasets[0]}},
        "POST /v2/models/{name}/infer": {"json": TENSORS},
        "POST /v2/models/{name}/versions/{version}/infer": {"json": TENSORS},
    }


def names(found: stock.Stock) -> dict[str, str]:
    """Return what stands in a path, by its parameter."""
    return {
        "job_id": found.jobs[0],
        "selector": "best",
        "dataset_id": found.datasets[0],
        "webhook_id": found.webhooks[0],
        "name": stock.MODEL,
        "alias": stock.ALIAS,
        "version": "2",
        "prediction_id": found.predictions[0],
        "key_id": found.keys[0],
        "share_id": found.shares[0],
        "worker_id": found.workers[0],
        "owner": "somebody",
        "slug_": "not-found",
    }


#: Whose state is another than that of the job that everything else is asked of: their places in `Stock.jobs`.
OTHERS = {
    "POST /api/v1/jobs/{job_id}/pause": 6,
    "POST /api/v1/jobs/{job_id}/resume": 5,
    "POST /api/v1/jobs/{job_id}/cancel": 6,
}
LAST = {"DELETE": 1}  #: what is deleted was asked for everything else before
FIRST = {"POST /api/v1/jobs/{job_id}/verify"}  #: what comes of it is read by another operation


def test_what_a_job_in_each_state_answers_is_as_it_is_written(stack: Stack, found: stock.Stock) -> None:
    document = stack.json("/api/v1/openapi.json")
    strict = {"components": {"schemas": {name: closed(name, one) for name, one in schemas(document).items()}}}
    read = document["paths"]["/api/v1/jobs/{job_id}"]["get"]
    listed = document["paths"]["/api/v1/jobs/{job_id}/events"]["get"]
    broken: list[str] = []
    for job in found.jobs:
        broken += [f"{job}: {fault}" for fault in faults(stack.http.get(f"/api/v1/jobs/{job}"), read, strict)]
        events = stack.http.get(f"/api/v1/jobs/{job}/events")
        broken += [f"{job} events: {fault}" for fault in faults(events, listed, strict)]
    waiting = stack.http.post("/api/v1/jobs", json=stock.LONG | {"priority": -10, "device": "cuda"})
    taken = waiting.json()

    assert not broken, "\n".join(broken)
    assert waiting.status_code == 202
    assert taken["queue"]["position"] >= 1  # a 202 says where the job waits


def test_every_operation_answers_as_it_is_written_and_keeps_the_conventions(stack: Stack, found: stock.Stock) -> None:
    document = stack.json("/api/v1/openapi.json")
    strict = {"components": {"schemas": {name: closed(name, one) for name, one in schemas(document).items()}}}
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    broken: list[str] = []
    for name, operation in sorted(
        operations, key=lambda one: (one[0] not in FIRST, LAST.get(one[0].split()[0], 0), one[0])
    ):
        answer = call(stack, name, found)
        broken += [f"{name}: {fault}" for fault in faults(answer, operation, strict)]

    assert not broken, "\n".join(broken)


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Return the named schemas of a document."""
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def closed(name: str, node: Any) -> Any:
    """Return a schema that allows no member which it does not name, unless it says that there are others."""
    if isinstance(node, list):
        return [closed("", part) for part in node]
    if not isinstance(node, dict):
        return node
    found = {key: closed("", part) for key, part in node.items()}
    if (
        "properties" in node
        and "additionalProperties" not in node
        and name not in FREE
        and node.get("type") == "object"
    ):
        found["additionalProperties"] = False
    return found


def call(stack: Stack, name: str, found: stock.Stock) -> httpx2.Response:
    """Call an operation with real names, as a client that knows what it does."""
    method, template = name.split(" ", 1)
    known = names(found)
    if name in OTHERS:
        known["job_id"] = found.jobs[OTHERS[name]]
    if template == "/api/v1/predictions/replay":
        answer = stack.http.post(f"/api/v1/jobs/{found.jobs[0]}/predict", json=ROWS).json()
        return stack.http.post(template, json={"answer": answer, "rows": ROWS})
    path = re.sub(r"\{(\w+)\}", lambda part: known[part[1]], template)
    if method == "DELETE" and template == "/api/v1/datasets/{dataset_id}":
        stack.http.delete(f"/api/v1/jobs/{found.jobs[2]}")  # which needs it
    return stack.http.request(method, path, **bodies(found).get(name, {}))


def faults(answer: httpx2.Response, operation: dict[str, Any], strict: dict[str, Any]) -> list[str]:
    """Return where an answer is not as its schema or as the conventions say."""
    status = str(answer.status_code)
    if answer.status_code >= 400 and answer.status_code != 409:
        return [f"{status} {answer.text[:300]}"]
    if status not in operation["responses"]:
        return [f"{status} is not in the document"]
    media = answer.headers.get("content-type", "").partition(";")[0]
    content = operation["responses"][status].get("content", {})
    if not content:
        return [] if not answer.content else ["has a body"]
    if media not in content:
        return [f"comes as {media}, which is not in the document"]
    if "json" not in media:
        return []
    schema = content[media]["schema"] | strict
    validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    wrong = [f"{error.json_path} {error.message[:200]}" for error in validator.iter_errors(answer.json())]
    return wrong + list(unconventional(answer.json(), "$"))


def unconventional(value: Any, at: str) -> Iterator[str]:
    """Yield where a value breaks a convention: times, ids, lists, links."""
    if isinstance(value, list):
        for n, part in enumerate(value):
            yield from unconventional(part, f"{at}[{n}]")
        return
    if not isinstance(value, dict):
        return
    if "openapi" in value or "$schema" in value:
        return  # a document of another standard
    for name, part in value.items():
        if name.endswith("_at") and part is not None and not TIME.fullmatch(str(part)):
            yield f"{at}.{name} is {part!r}, no time in Z"
        if name.endswith("_seconds") and part is not None and not isinstance(part, int | float):
            yield f"{at}.{name} is {part!r}, no number of seconds"
    kind = str(value.get("object"))
    if kind in PREFIXES and "id" in value and not str(value["id"]).startswith(PREFIXES[kind]):
        yield f"{at}.id is {value['id']!r}"
    if kind == "list":
        yield from (f"{at} has no {name}" for name in ("url", "data", "has_more", "next") if name not in value)
        if bool(value.get("has_more")) != (value.get("next") is not None):
            yield f"{at}.has_more and next disagree"
    for name, url in value.get("urls", {}).items():
        if not str(url).startswith("/"):
            yield f"{at}.urls.{name} is {url!r}"
    for name, part in value.items():
        yield from unconventional(part, f"{at}.{name}")
