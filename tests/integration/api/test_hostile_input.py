"""Input that means harm or comes of a mistake, each with the answer that it must get; a usual request goes on then."""

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from api import create_app
from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings

GOOD: dict[str, Any] = {"data": {"builtin": "iris"}, "model": "mlp"}
CSV = b"a,b\n1,2\n3,4\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of one application for all of them: none of them may leave anything behind."""
    settings = Settings(storage_dir=tmp_path_factory.mktemp("hostile"), redis_url="redis://127.0.0.1:1/0")
    with closing(Database(settings)) as database:
        migrate(database)
    app = create_app(settings)
    yield app.test_client()
    app.extensions["batchyard"].close()


def job(**parts: Any) -> bytes:
    """Return a spec with other parts."""
    return json.dumps(GOOD | parts).encode()


#: What is wrong, the body of a submit, where, and the code that it gets there.
SPECS: list[tuple[str, bytes, str, str]] = [
    ("5,000 digits", b'{"epochs": ' + b"9" * 5_000 + b"}", "#/epochs", "integer_out_of_range"),
    ("2 to the 63", job(epochs=2**63), "#/epochs", "integer_out_of_range"),
    ("epochs -1", job(epochs=-1), "#/epochs", "out_of_range"),
    ("half a surrogate pair", b'{"metadata": {"a": "\\ud800"}}', "#/metadata/a", "invalid_text"),
    ("a name from right to left", job(name="\u202egnp.exe"), "#/name", "invalid_name"),
    ("a name with zero width", job(name="iris\u200b"), "#/name", "invalid_name"),
    ("a name of 1 MB", job(name="a" * 2**20), "#/name", "invalid_name"),
    ("markup for a name", job(name="<script>alert(1)</script>"), "#/name", "invalid_name"),
    ("a template for a name", job(name="{{7*7}}"), "#/name", "invalid_name"),
    ("a log line in a name", job(name="x\n2026-01-01 ERROR"), "#/name", "invalid_name"),
    ("escapes in a name", job(name="\x1b[31mred"), "#/name", "invalid_name"),
    ("SQL for a name", job(name="'; DROP TABLE jobs;--"), "#/name", "invalid_name"),
    ("batches of none", job(batch_size=0), "#/batch_size", "out_of_range"),
    ("steps backwards", job(optimizer={"type": "sgd", "lr": -1}), "#/optimizer/lr", "out_of_range"),
    ("steps of NaN", job(optimizer={"type": "sgd", "lr": float("nan")}), "#/optimizer/lr", "non_finite_number"),
    ("100,000 layers", job(model={"type": "mlp", "hidden": [1] * 100_000}), "#/model/hidden", "too_long"),
    ("317 years", job(max_time_seconds=10**10), "#/max_time_seconds", "out_of_range"),
    (
        "validation of more than all",
        job(split={"type": "random", "validation": 1.5}),
        "#/split/validation",
        "out_of_range",
    ),
    ("a tensor of rank 9", job(data={"x": [[[[[[[[[1]]]]]]]]], "y": [1]}), "#/data/x", "wrong_type"),
    ("an address to fetch from", job(data={"url": "http://169.254.169.254/"}), "#/data/url", "unknown_key"),
    ("a file to fetch", job(data={"path": "file:///etc/passwd"}), "#/data/path", "unknown_key"),
    *[
        (f"mass assignment of {name}", job(**{name: value}), f"#/{name}", "unknown_key")
        for name, value in {"owner": "root", "attempt": 9, "beat": 1, "best_cost": 0, "id": "job_1"}.items()
    ],
]


@pytest.mark.parametrize(("body", "pointer", "code"), [case[1:] for case in SPECS], ids=[case[0] for case in SPECS])
def test_a_hostile_spec_is_refused_at_its_place(client: FlaskClient, body: bytes, pointer: str, code: str) -> None:
    answer = client.post("/api/v1/jobs", data=body, content_type="application/json")
    problem = answer.get_json()

    assert answer.status_code == 422, problem
    found = [(fault["pointer"], fault["code"]) for fault in problem["errors"]]
    assert any(place.startswith(pointer) and said == code for place, said in found), found
    assert len(answer.data) < 64_000
    assert client.get("/api/v1/jobs").get_json()["data"] == []


def objects() -> bytes:
    """Return an array of Python objects."""
    stream = io.BytesIO()
    np.save(stream, np.array([{}, 1], dtype=object))
    return stream.getvalue()


#: What is wrong, the name and the bytes of an upload, its status and its code or that of its first fault.
FILES: list[tuple[str, str, bytes, int, str]] = [
    ("UTF-16", "a.csv", "a,b\n1,2\n".encode("utf-16"), 422, "csv_not_utf8"),
    ("Latin-1", "a.csv", b"a,b\n\xe9,2\n", 422, "csv_not_utf8"),
    ("gzip", "a.csv.gz", gzip.compress(CSV), 415, "unsupported_media_type"),
    ("a pickle", "a.pkl", b"\x80\x04\x95\x00", 415, "unsupported_media_type"),
    ("a pickle that says it is CSV", "a.csv", b"\x80\x04\x95\x00", 415, "unsupported_media_type"),
    ("weights of PyTorch", "a.pt", b"PK\x03\x04archive/data.pkl", 415, "unsupported_media_type"),
    ("an array of objects", "a.npy", objects(), 415, "unsupported_media_type"),
    ("zlib, as joblib writes", "a.joblib", b"x\x9c\x03\x00\x00\x00\x00\x01", 422, "csv_not_utf8"),
    ("a workbook", "a.xlsx", b"PK\x03\x04xl/workbook.xml", 415, "unsupported_media_type"),
    ("a header alone", "a.csv", b"a,b\n", 422, "empty"),
]


@pytest.mark.parametrize("case", FILES, ids=[case[0] for case in FILES])
def test_a_hostile_file_is_never_opened(client: FlaskClient, case: tuple[str, str, bytes, int, str]) -> None:
    _, name, raw, status, code = case

    answer = client.post("/api/v1/datasets", query_string={"name": name}, data=raw)
    problem = answer.get_json()

    assert (answer.status_code, (problem.get("errors") or [problem])[0]["code"]) == (status, code), problem


NAMES = [
    "../../etc/passwd",
    "..\\..\\x",
    "/etc/passwd",
    "C:\\x",
    "a\0b",
    "file:///x",
    "a" * 4_096,
    "a\nb",
    "..",
    " ",
]


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name[:20]) for name in NAMES])
def test_the_name_of_an_upload_never_becomes_a_path(client: FlaskClient, name: str) -> None:
    answer = client.post("/api/v1/datasets", query_string={"name": name}, data=CSV)

    assert answer.status_code == 422, answer.text
    assert client.get("/api/v1/datasets").get_json()["data"] == []


@pytest.mark.parametrize("path", ["..%2f..%2fx", "%252e%252e%252f", "..%5c..", "a%00b", "%F0%9F%98%80", "x" * 4_096])
def test_a_path_of_an_address_names_nothing(client: FlaskClient, path: str) -> None:
    for kind in ("jobs", "datasets", "models"):
        assert client.get(f"/api/v1/{kind}/{path}").status_code == 404


PARTS = b"".join(b'--x\r\nContent-Disposition: form-data; name="p%d"\r\n\r\n\r\n' % n for n in range(100_000))
LONG = b'--x\r\nContent-Disposition: form-data; name="spec"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "raw", "statuses"),
    [
        ("multipart/form-data; boundary=x", PARTS + b"--x--\r\n", {400, 413, 422}),
        ("multipart/form-data; boundary=x", LONG + b"\r\n" * 2**19 + b"--x--\r\n", {400, 413, 422}),
        ("multipart/form-data; boundary=x", LONG + b"{" * 2**19 + b"\r\n--x--\r\n", {400, 413, 422}),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n", {400, 422}),
        ("multipart/form-data", CSV, {400, 415, 422}),
        ("text/plain", b"{}", {415}),
        ("application/x-www-form-urlencoded", b"a=1&" * 2**18, {413, 415}),
    ],
    ids=["100,000 parts", "a part of line ends", "a part of 500 kB", "not its end", "no end", "a text", "a long form"],
)
def test_a_hostile_form_is_refused(client: FlaskClient, kind: str, raw: bytes, statuses: set[int]) -> None:
    answer = client.post("/api/v1/jobs", data=raw, content_type=kind)

    assert answer.status_code in statuses, answer.text[:300]
    assert answer.content_type == "application/problem+json"


def test_a_packed_body_is_not_unpacked(client: FlaskClient) -> None:
    packed = gzip.compress(bytes(1 << 20))

    answer = client.post(
        "/api/v1/jobs", data=packed, headers={"Content-Encoding": "gzip"}, content_type="application/json"
    )

    assert answer.status_code in {400, 415}


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_no_header_makes_another_method_of_a_request(client: FlaskClient, header: str) -> None:
    made = client.post("/api/v1/datasets", query_string={"name": f"{header}.csv"}, data=CSV).get_json()
    try:
        assert client.get(f"/api/v1/datasets/{made['id']}", headers={header: "DELETE"}).status_code == 200
        assert client.post(f"/api/v1/datasets/{made['id']}", headers={header: "DELETE"}).status_code == 405
    finally:
        assert client.delete(f"/api/v1/datasets/{made['id']}").status_code == 204


def test_a_formula_in_a_cell_stays_a_text(client: FlaskClient) -> None:
    raw = b"a,y\n=cmd(),1\n+1+1,2\n@x,3\n"

    made = client.post("/api/v1/datasets", query_string={"name": "f.csv"}, data=raw).get_json()
    rows = client.get(f"/api/v1/datasets/{made['id']}/rows").get_json()["data"]

    assert [row[0] for row in rows] == ["=cmd()", "+1+1", "@x"]
    assert client.get(f"/api/v1/datasets/{made['id']}/content", buffered=True).data == raw
    assert client.delete(f"/api/v1/datasets/{made['id']}").status_code == 204


@pytest.mark.parametrize("key", ["k" * 256, ""], ids=["256 characters", "none"])
def test_an_idempotency_key_of_no_use_is_refused(client: FlaskClient, key: str) -> None:
    answer = client.post("/api/v1/jobs", json=GOOD, headers={"Idempotency-Key": key})

    assert answer.status_code in {400, 422}, answer.text
    assert client.get("/api/v1/jobs").get_json()["data"] == []
