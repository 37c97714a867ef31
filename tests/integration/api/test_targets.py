"""Whom a request is for, where it comes from and where it ends, over real sockets: hosts, other sites, framing."""

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings
from tests.served import Heard, Served, heard, served

TINY = {"data": {"x": [[1], [2]], "y": [[1], [2]]}, "split": {"type": "none"}, "model": "linear", "epochs": 1}
EVIL = "evil.example"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[Served]:
    """The API on its server, one for all: none of these requests leaves anything that another would see."""
    folder: Path = tmp_path_factory.mktemp("targets")
    settings = Settings(storage_dir=folder / "data")
    with closing(Database(settings)) as database:
        migrate(database)
    with served(settings, valkey_url, folder / "api.log") as api:
        yield api


def said(api: Served, *lines: str) -> tuple[Heard, bytes]:
    """Send the lines of a head; return the answer, and all of its bytes as one text."""
    with api.connect("\r\n".join([*lines, "Connection: close", "", ""]).encode()) as connection:
        answer = heard(connection)
    return answer, json.dumps(answer.headers).encode() + answer.body


def test_who_a_request_is_for_decides_whether_it_is_answered(api: Served) -> None:
    absolute = f"GET http://{EVIL}/api/v1/jobs?limit=1 HTTP/1.1"

    by_host, told = said(api, absolute, "Host: 127.0.0.1")
    by_target, _ = said(api, absolute)
    refused = [
        said(api, "GET /api/v1/jobs HTTP/1.1", *hosts)[0].status
        for hosts in (
            [f"Host: {EVIL}"],
            ["Host: 127.0.0.1", f"Host: {EVIL}"],
            [f"Host: {EVIL}", "Host: 127.0.0.1"],
            ["Host: [::1]", f"Host: {EVIL}"],
            ["Host: 127.0.0.1", "Host: 127.0.0.1"],
            [f"Host: [::1]{EVIL}"],
            ["Host:"],
            [],
        )
    ]

    # Beside a Host the server drops the name of the target before anybody sees it: it decides nothing.
    assert by_host.status == 200
    assert by_host.json()["url"] == "/api/v1/jobs?limit=1"
    assert EVIL.encode() not in told
    assert (by_target.status, by_target.json()["code"]) == (403, "forbidden_host")
    assert refused == [403] * len(refused)


def test_an_answer_to_an_absolute_target_leads_nowhere_else(api: Served) -> None:
    body = json.dumps(TINY)
    head = [f"POST http://{EVIL}/api/v1/jobs HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    with api.connect(
        "\r\n".join([*head, f"Content-Length: {len(body)}", "Connection: close", "", body]).encode()
    ) as it:
        answer = heard(it)

    assert answer.status == 202
    assert answer.headers["location"].startswith("/api/v1/jobs/job_")
    assert EVIL.encode() not in answer.body


def test_a_page_of_another_site_may_read_but_not_change(api: Served) -> None:
    job = api.ask("POST /api/v1/jobs", json.dumps(TINY).encode()).json()["id"]
    cross = {"Sec_Fetch_Site": "cross-site"}

    statuses = {
        line: api.ask(line, **cross).status
        for line in (
            f"POST /api/v1/jobs/{job}/cancel",
            f"POST /api/v1/jobs/{job}/retry",
            f"DELETE /api/v1/jobs/{job}",
            "POST /v2/repository/index",
        )
    }
    predicted = api.ask(f"POST /api/v1/jobs/{job}/predict", b'{"x": [[1]]}', **cross)

    assert set(statuses.values()) == {403}
    assert predicted.status == 403
    assert api.ask(f"GET /api/v1/jobs/{job}", **cross).status == 200
    assert api.ask(f"POST /api/v1/jobs/{job}/cancel", Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize(
    ("line", "body", "kind"),
    [
        ("POST /api/v1/jobs", b'{"data": {', "application/json"),
        ("POST /api/v1/jobs", b"--x\r\nno part", "multipart/form-data; boundary=x"),
        ("POST /api/v1/datasets?name=a.csv", b'a,b\n1,"2\n' + b"3,4\n" * 1_000, "text/csv"),
        ("POST /api/v1/datasets?name=a.csv", b"a,b\n1\n", "text/csv"),
        ("POST /api/v1/datasets?name=a.csv", b"a,b\n" + b"x" * 3_000_000, "text/csv"),
        ("POST /api/v1/datasets?name=a.csv", b"a,b\n\xff\xfe,1\n", "text/csv"),
        ("POST /api/v1/datasets?name=a.parquet", b"PAR1" + b"\0" * 100 + b"PAR1", "application/vnd.apache.parquet"),
        ("POST /api/v1/datasets?name=a.npz", b"PK\x03\x04" + b"\0" * 100, "application/octet-stream"),
        ("POST /api/v1/datasets?name=a.jsonl", b'{"a": 1}\n{"a": }\n', "application/x-ndjson"),
        ("POST /v2/models/none/infer", b"{", "application/json"),
        ("POST /api/v1/webhooks", b'{"url": "http://127.0.0.1:9/"}', "application/json"),
        ("GET /api/v1/jobs?after=%00", b"", ""),
        ("GET /api/v1/jobs?limit=1e400", b"", ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_refusal_speaks_our_words(api: Served, line: str, body: bytes, kind: str) -> None:
    answer = api.ask(line, body, **({"Content_Type": kind} if kind else {}))

    assert 400 <= answer.status < 500
    for theirs in (
        *(
            "straddling",
            "pyarrow",
            "ArrowInvalid",
            "Expected ",
            "numpy",
            "pydantic",
            "sqlalchemy",
            "orjson",
            "werkzeug",
        ),
        *("Traceback", "Error:", "Errno", "Input should", "codec can't", "EOF ", "unexpected end", "line 1 column"),
        *("thrift", "zipfile", "object at 0x", "/tmp/"),
    ):
        assert theirs.encode() not in answer.body, answer.body


GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
#: What a proxy in front might take for the body, and a server behind it for the next request.
HIDDEN = GET + b"Connection: close\r\n\r\n"
LAST = b"0\r\n\r\n"
IN_CHUNKS = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BYTES = json.dumps(TINY).encode()
#: What is wrong, the bytes that say it, and the status that they get.
FRAMES: list[tuple[str, bytes, int]] = [
    ("a header of 64 KiB", GET + b"X-Long: " + b"a" * 65_536 + b"\r\nConnection: close\r\n\r\n", 400),
    ("a header of 1 MB", GET + b"X-Long: " + b"a" * 2**20 + b"\r\n\r\n", 431),
    ("200 headers", GET + b"".join(b"X-%d: a\r\n" % n for n in range(200)) + b"\r\n", 431),
    ("an address of 70,000 bytes", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
    ("two lengths", POST + b"Content-Length: 3\r\nContent-Length: %d\r\n\r\n" % len(BYTES) + BYTES + HIDDEN, 400),
    ("a list of lengths", POST + b"Content-Length: 2, 2\r\n\r\n{}" + HIDDEN, 400),
    ("a length with a sign", POST + b"Content-Length: +2\r\n\r\n{}" + HIDDEN, 400),
    ("a negative length", POST + b"Content-Length: -2\r\n\r\n{}" + HIDDEN, 400),
    ("a length beyond 64 bits", POST + b"Content-Length: 99999999999999999999\r\n\r\n{}" + HIDDEN, 400),
    ("a length, then chunks", POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST + HIDDEN, 400),
    ("chunks, then a length", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + LAST + HIDDEN, 400),
    ("an unknown coding", POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n" + LAST + HIDDEN, 400),
    ("a coding after chunks", POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + LAST + HIDDEN, 400),
    ("a space before a colon", POST + b"Transfer-Encoding : chunked\r\n\r\n" + LAST + HIDDEN, 400),
    ("chunks in HTTP/1.0", IN_CHUNKS.replace(b"/1.1", b"/1.0") + LAST + HIDDEN, 400),
    ("a folded header", GET + b"X-Folded: a\r\n b\r\n\r\n", 400),
    ("a NUL in a header", GET + b"X-Nul: a\0b\r\n\r\n", 400),
    ("a lone CR in a header", GET + b"X-Cr: a\rHost: evil.example\r\n\r\n", 400),
    ("a chunk of size zz", IN_CHUNKS + b"zz\r\n{}\r\n" + LAST + HIDDEN, 400),
    ("a chunk of size -2", IN_CHUNKS + b"-2\r\n{}\r\n" + LAST + HIDDEN, 400),
    ("a chunk of size 0x2", IN_CHUNKS + b"0x2\r\n{}\r\n" + LAST + HIDDEN, 400),
    ("a chunk beyond 64 bits", IN_CHUNKS + b"10000000000000002\r\n{}\r\n" + LAST + HIDDEN, 400),
    ("a chunk longer than it says", IN_CHUNKS + b"1\r\n{}\r\n" + LAST + HIDDEN, 400),
    ("20 kB beside a size", IN_CHUNKS + b"2;" + b"a" * 20_000 + b"\r\n{}\r\n" + LAST + HIDDEN, 400),
    ("3,000 trailers", IN_CHUNKS + b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 3_000 + b"\r\n" + HIDDEN, 400),
    ("a NUL in a path", b"GET /api/v1/jobs/a\0b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    ("bytes in a path", b"GET /api/v1/jobs/\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    ("a space in a path", b"GET /api/v1/jobs/a b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
]


@pytest.mark.parametrize(("sent", "status"), [case[1:] for case in FRAMES], ids=[case[0] for case in FRAMES])
def test_a_request_of_doubtful_extent_is_refused_and_ends_its_connection(api: Served, sent: bytes, status: int) -> None:
    received = exchanged(api, sent)

    # One answer: what was hidden behind the doubtful end is not taken for a request of its own.
    assert received.startswith(b"HTTP/1.1 %d " % status), received[:300]
    assert received.count(b"HTTP/1.1 ") == 1
    assert b'{"status":"ok"}' not in received
    assert api.ask("GET /healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("size", [b"%x", b"%X", b"00%x", b"%x;name=value"], ids=["usual", "capitals", "zeros", "named"])
def test_a_size_of_a_chunk_may_be_written_so_and_the_next_request_is_answered(api: Served, size: bytes) -> None:
    received = exchanged(api, IN_CHUNKS + size % len(BYTES) + b"\r\n" + BYTES + b"\r\n" + LAST + HIDDEN)

    assert received.startswith(b"HTTP/1.1 202 ")
    assert received.count(b"HTTP/1.1 ") == 2
    assert received.endswith(b'{"status":"ok"}')


def exchanged(api: Served, sent: bytes) -> bytes:
    """Send bytes, and return all that comes until the server closes."""
    received = b""
    with api.connect() as connection:
        with suppress(ConnectionError):  # it is closed while we still send
            connection.sendall(sent)
        with suppress(ConnectionError):  # what the server had not read makes the end a reset
            while piece := connection.recv(1 << 16):
                received += piece
    return received
