"""What the client does when the server is gone, slow, broken, older, newer, or wants a key."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from batchyard import Client, errors, retries

JOB: dict[str, Any] = {"id": "job_1", "name": "one", "status": "queued", "done": False, "spec": {}}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(retries, "FIRST_S", 0.0)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def client(answer: Callable[[httpx2.Request], httpx2.Response], **options: Any) -> Client:
    """A client whose server is a function."""
    return Client("http://server", transport=httpx2.MockTransport(answer), **options)


def test_one_idempotency_key_holds_over_all_attempts() -> None:
    keys = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers["Idempotency-Key"])
        return httpx2.Response(202, json=JOB) if len(keys) == 3 else httpx2.Response(503)

    client(answer).jobs.submit({"model": "mlp"})

    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_a_pause_is_what_the_server_asks_for() -> None:
    assert retries.pause_s(0, "3") == 3
    assert retries.pause_s(0, "9999") == retries.LONGEST_ASKED_S
    assert retries.pause_s(0, "Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retries.pause_s(20, "soon") <= retries.LONGEST_S


def test_a_request_that_may_not_be_repeated_is_sent_once() -> None:
    sent = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.url.path)
        if request.method == "GET":
            return httpx2.Response(200, json=JOB)
        raise httpx2.ReadError("reset", request=request)

    with pytest.raises(errors.ServerUnreachable):
        client(answer).job("job_1").cancel()

    assert sent == ["/api/v1/jobs/job_1", "/api/v1/jobs/job_1/cancel"]


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (httpx2.ConnectError, errors.ServerUnreachable, "No server at http://server"),
        (httpx2.ReadTimeout, errors.ServerUnreachable, "did not answer in time"),
        (httpx2.RemoteProtocolError, errors.UnreadableAnswer, "incomplete"),
    ],
)
def test_a_transport_that_fails_says_what_to_do(fault: type[Exception], kind: type[Exception], says: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise fault("broken")

    with pytest.raises(kind, match=says):
        client(answer).service()


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (200, b'{"object": "serv', errors.UnreadableAnswer, "incomplete"),
        (200, b"<html>It works!</html>", errors.UnreadableAnswer, "not from Batchyard"),
        (404, b"<html>nginx</html>", errors.UnreadableAnswer, "not from Batchyard"),
        (401, b"", errors.Unauthorized, "BATCHYARD_API_KEY"),
        (429, b"", errors.RateLimited, "Try again"),
        (502, b"<html>", errors.ServerError, "can't answer at the moment"),
        (
            404,
            b'{"code": "not_found", "detail": "There is nothing at /api/v1."}',
            errors.NotFound,
            "a different version",
        ),
        (409, b'{"code": "new_code", "detail": "No."}', errors.Conflict, "No."),
        (500, b'{"code": "internal", "detail": "Oops.", "request_id": "req_7"}', errors.ServerError, "req_7"),
    ],
)
def test_an_answer_that_is_no_success_is_a_typed_error(
    status: int, body: bytes, kind: type[errors.APIError], says: str
) -> None:
    with pytest.raises(errors.APIError, match=says) as caught:
        client(lambda _: httpx2.Response(status, content=body), max_retries=0).service()

    assert type(caught.value) is kind


def test_every_fault_of_a_spec_is_a_line_with_its_suggestion() -> None:
    faults = [{"pointer": "#/model/layers/3", "code": "x", "detail": "is odd", "suggestion": "type"}]
    problem = {"code": "validation_error", "detail": "1 problem.", "errors": faults}

    with pytest.raises(errors.InvalidSpec) as caught:
        client(lambda _: httpx2.Response(422, json=problem)).jobs.submit({"model": "mlp"})

    assert str(caught.value) == "model.layers[3]: is odd. Did you mean 'type'?"


def test_a_suggestion_that_is_said_already_is_not_said_twice() -> None:
    fault = {"detail": "is not known; did you mean 'iris'?", "suggestion": "iris"}

    assert errors.sentence(fault) == "is not known; did you mean 'iris'?"


def test_members_and_states_that_a_newer_server_adds_are_no_fault() -> None:
    newer = JOB | {"status": "thinking", "colour": "red", "best": {"epoch": 1, "metric": "m", "value": 2, "new": 3}}

    job = client(lambda _: httpx2.Response(200, json=newer)).job("job_1")

    assert job.status == "thinking"
    assert job.best is not None
    assert job.best.value == 2


def test_the_same_bytes_are_not_sent_twice_and_an_older_server_that_cannot_say_gets_them() -> None:
    known: list[dict[str, Any]] = []
    posts = []
    old = False

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            refused = httpx2.Response(422, json={"code": "validation_error", "detail": "unknown key", "errors": []})
            return refused if old else httpx2.Response(200, json={"data": known, "next": None})
        body = request.read()
        posts.append(body)
        import hashlib

        sha256 = hashlib.sha256(body).hexdigest()
        known.append({"id": "ds_1", "name": "n", "rows": 2, "size_bytes": len(body), "sha256": sha256})
        return httpx2.Response(201, json=known[0])

    by = client(answer)
    first, second = by.datasets.upload([{"a": 1}, {"a": 2}]), by.datasets.upload([{"a": 1}, {"a": 2}])
    old = True
    by.datasets.upload([{"a": 1}, {"a": 2}])

    assert (first.was_sent, second.was_sent) == (True, False)
    assert [json.loads(line) for line in posts[0].splitlines()] == [{"a": 1}, {"a": 2}]
    assert len(posts) == 2


def test_a_list_reads_its_pages_as_they_are_needed() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        more = "/api/v1/jobs?after=x" if len(asked) == 1 else None
        return httpx2.Response(200, json={"data": [{"id": f"job_{len(asked)}"}], "next": more})

    listed = client(answer).jobs.list()
    first = next(listed)

    assert (first["id"], len(asked)) == ("job_1", 1)
    assert [entry["id"] for entry in listed] == ["job_2"]


def test_a_key_is_never_pickled() -> None:
    by = client(lambda _: httpx2.Response(200), api_key="secret")

    assert "secret" not in str(by.__reduce_ex__(4))


@pytest.mark.parametrize(
    "call",
    [
        lambda by: list(by.jobs.list()),
        lambda by: by.job("job_1").status,
        lambda by: by.queue.get()["queues"],
        lambda by: by.workers.list(),
        lambda by: by.datasets.get("ds_1"),
        lambda by: by.jobs.submit({"model": "mlp"}),
    ],
    ids=["list", "job", "queue", "workers", "data set", "submit"],
)
def test_an_answer_that_lacks_something_is_of_another_version(call: Callable[[Client], Any]) -> None:
    by = client(lambda _request: httpx2.Response(200, json={"unexpected": 1}))

    with pytest.raises(errors.UnreadableAnswer, match="from a different version than this client") as caught:
        call(by)

    assert isinstance(caught.value, KeyError)  # as what lacks a key always was
    assert not str(caught.value).startswith("'")


def test_a_list_in_place_of_an_answer_is_nobodys() -> None:
    with pytest.raises(errors.UnreadableAnswer, match="incomplete or not from Batchyard"):
        client(lambda _request: httpx2.Response(200, json=[1, 2])).service()
