"""Clients that are slow, silent or many, on the real server: each ends by its deadline, and others are answered."""

import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import QUICK
from tests.served import Served, heard, served

WINDOW_S, RATE, PLACES = 1.0, 100, 4
TINY = {"data": {"x": [[1], [2], [3], [4]], "y": [[1], [2], [3], [4]]}, "split": {"type": "none"}, "model": "linear"}
BODY = json.dumps(TINY | {"epochs": 1}).encode()
BIG = 300_000  #: more than is held before a thread takes the request


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sqlite: Path, valkey_url: str) -> Iterator[Served]:
    """The API with short deadlines and few places, for all tests that leave no place taken."""
    with short(tmp_path_factory.mktemp("api"), sqlite, valkey_url) as running:
        yield running


@pytest.fixture
def own_api(tmp_path: Path, sqlite: Path, valkey_url: str) -> Iterator[Served]:
    """The same for one test."""
    with short(tmp_path, sqlite, valkey_url) as running:
        yield running


@contextmanager
def short(folder: Path, sqlite: Path, valkey_url: str) -> Iterator[Served]:
    """Serve the API on SQLite, as what waits here waits for no database."""
    settings = replace(QUICK, storage_dir=folder / "data")
    settings.storage.mkdir()
    shutil.copyfile(sqlite, settings.storage / "batchyard.db")
    with served(
        settings,
        valkey_url,
        folder / "api.log",
        body_window_s=WINDOW_S,
        body_min_bytes_per_s=RATE,
        body_places=PLACES,
        wait_places=PLACES,
        stream_s=5,
        max_json_bytes=1_000_000,
    ) as running:
        yield running


def upload(api: Served, length: int) -> bytes:
    return api.head("POST /api/v1/datasets?name=a.csv", Content_Type="text/csv", Content_Length=length)


def submit(api: Served, length: int) -> bytes:
    return api.head("POST /api/v1/jobs", Content_Type="application/json", Content_Length=length)


@pytest.mark.parametrize("sent", [0, 10, 200_000], ids=["nothing", "a few bytes", "most of a large body"])
def test_a_body_that_stops_coming_gets_408_and_its_connection_ends(api: Served, sent: int) -> None:
    began = time.monotonic()
    with api.connect(upload(api, BIG) + b"1" * sent) as stalled:
        answer = heard(stalled)

    assert (answer.status, answer.json()["code"]) == (408, "slow_body")
    assert answer.headers["connection"] == "close"
    assert time.monotonic() - began < 4 * WINDOW_S


@pytest.mark.parametrize("length", [5_000, BIG], ids=["small", "large"])
def test_a_body_that_drips_gets_408_while_others_are_answered(api: Served, length: int) -> None:
    with api.connect(submit(api, length) + b" " * (length - 4_000)) as dripping:
        dripping.settimeout(0.2)
        began, took, received = time.monotonic(), [], b""
        while not received and time.monotonic() - began < 10 * WINDOW_S:
            dripping.sendall(b" ")
            asked = time.monotonic()
            assert api.ask("GET /api/v1/jobs").status == 200
            took.append(time.monotonic() - asked)
            try:
                received = dripping.recv(1 << 16)
            except TimeoutError:
                continue

    assert received.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 4 * WINDOW_S
    assert max(took) < 1


def test_a_body_that_comes_slowly_but_fast_enough_is_taken(api: Served) -> None:
    body = BODY + b" " * int(3 * 4 * RATE)
    with api.connect(
        api.head("POST /api/v1/jobs", Content_Type="application/json", Content_Length=len(body), Connection="close")
    ) as slow:
        for at in range(0, len(body), RATE):
            slow.sendall(body[at : at + RATE])
            time.sleep(0.25)
        answer = heard(slow)

    assert answer.status == 202


def test_when_many_bodies_come_in_one_more_is_refused_and_places_come_back(own_api: Served) -> None:
    head = own_api.head(
        "POST /api/v1/jobs", Content_Type="application/json", Content_Length=5_000, Expect="100-continue"
    )
    stalled = [own_api.connect(head) for _ in range(PLACES)]
    for connection in stalled:
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")  # it has a place

    refused = own_api.ask("POST /api/v1/jobs", BODY)
    read = own_api.ask("GET /api/v1/jobs")
    ended = []
    for connection in stalled:
        with connection:
            ended.append(heard(connection).status)
    taken = own_api.ask("POST /api/v1/jobs", BODY)

    assert (refused.status, refused.json()["code"], refused.json()["limit"]) == (503, "overloaded", PLACES)
    assert int(refused.headers["retry-after"]) > 0
    assert read.status == 200
    assert ended == [408] * PLACES
    assert taken.status == 202


def test_without_a_place_streams_and_polls_are_refused_and_a_submit_is_taken(own_api: Served) -> None:
    job = own_api.ask("POST /api/v1/jobs", BODY).json()
    stream = own_api.head(f"GET /api/v1/jobs/{job['id']}/events", Accept="text/event-stream", Connection="close")
    open_streams = [own_api.connect(stream) for _ in range(PLACES)]
    for connection in open_streams:
        assert connection.recv(12) == b"HTTP/1.1 200"

    one_more = own_api.ask(f"GET /api/v1/jobs/{job['id']}/events", Accept="text/event-stream")
    tag = own_api.ask(f"GET /api/v1/jobs/{job['id']}").headers["etag"]
    poll = own_api.ask(f"GET /api/v1/jobs/{job['id']}", If_None_Match=tag, Prefer="wait=5")
    known = own_api.ask(f"GET /api/v1/jobs/{job['id']}", If_None_Match=tag)
    began = time.monotonic()
    submitted = own_api.ask("POST /api/v1/jobs", BODY, Prefer="wait=5")
    took = time.monotonic() - began
    for connection in open_streams:
        heard_rest(connection)
    again = own_api.connect(stream)

    for refused in (one_more, poll):
        assert (refused.status, refused.json()["code"]) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) > 0
    assert known.status == 304
    assert submitted.status == 202
    assert "preference-applied" not in submitted.headers
    assert took < 3
    assert again.recv(12) == b"HTTP/1.1 200"
    again.close()


def test_streams_whose_clients_are_gone_give_their_places_back(own_api: Served) -> None:
    job = own_api.ask("POST /api/v1/jobs", BODY).json()
    stream = own_api.head(f"GET /api/v1/jobs/{job['id']}/events", Accept="text/event-stream")
    for _ in range(PLACES):
        with own_api.connect(stream) as left:
            left.recv(12)
    deadline = time.monotonic() + 15

    answer = b""
    while answer != b"HTTP/1.1 200" and time.monotonic() < deadline:
        with own_api.connect(stream) as again:
            answer = again.recv(12)
        time.sleep(0.5)

    assert answer == b"HTTP/1.1 200"


def test_a_client_that_still_sends_hears_that_its_body_is_too_large(api: Served) -> None:
    with api.connect(submit(api, 3_000_000)) as large:
        for _ in range(30):
            large.sendall(b" " * 100_000)
        answer = heard(large)

    assert (answer.status, answer.json()["limit_bytes"]) == (413, 1_000_000)


@pytest.mark.parametrize("length", [5_000, BIG], ids=["small", "large"])
def test_a_body_that_ends_early_is_not_stored(api: Served, length: int) -> None:
    before = api.ask("GET /api/v1/datasets").json()["data"]
    with api.connect(upload(api, length) + b"a,b\n1,2\n3,4\n" + b"5,6\n" * ((length - 4_000) // 4)) as broken:
        broken.shutdown(socket.SHUT_WR)
        broken.recv(1)
    time.sleep(0.3)

    assert api.ask("GET /api/v1/datasets").json()["data"] == before


def test_a_large_upload_comes_back_as_it_was_sent(api: Served) -> None:
    table = b"a,b\n" + b"".join(b"%d,%d\n" % (n, 7 * n) for n in range(200_000))
    with api.connect(upload(api, len(table)) + table) as connection:
        while not (answer := connection.recv(1 << 16)):
            pass
    found = api.ask("GET /api/v1/datasets/a.csv/content")
    head = api.ask("HEAD /api/v1/datasets/a.csv/content")

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert found.body == table
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(table)))


def test_a_body_in_chunks_is_read(api: Served) -> None:
    sent = api.head(
        "POST /api/v1/jobs", Content_Type="application/json", Transfer_Encoding="chunked", Connection="close"
    )
    with api.connect(sent + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)) as connection:
        assert heard(connection).status == 202


def heard_rest(connection: socket.socket) -> None:
    """Read until the server ends the stream."""
    with connection:
        while connection.recv(1 << 16):
            pass
