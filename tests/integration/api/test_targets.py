"""Whom a request is for and where it comes from, over real sockets: Host, absolute targets, pages of other sites."""

import json
from collections.abc import Iterator
from contextlib import closing
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
