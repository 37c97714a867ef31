"""Rows that lie, are damaged or of no use are refused with their place, before they cost memory or time.

One application for all of them, with a model of numbers and one of a number and a text: what is read of a body does not
depend on the database.
"""

import gzip
import io
import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from flask.testing import FlaskClient
from pyarrow import parquet

from api import create_app
from services.db.engine import Database
from services.db.schema import migrate
from services.db.tables import CheckpointChunk
from services.wiring.base import Base
from tests.conftest import QUICK
from tests.make import make_job, train

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
PEOPLE = {"age": [25.5, 41.0], "city": ["Ulm", "Bonn"]}
BEYOND = pa.array([2**40], pa.timestamp("s"))  #: a time that Python has no date for


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[tuple[FlaskClient, Base]]:
    """A client, and the rooms, with the trained jobs `numbers` and `people`."""
    settings = replace(QUICK, storage_dir=tmp_path_factory.mktemp("rows"), redis_url=valkey_url)
    with closing(Database(settings)) as database:
        migrate(database)
    app = create_app(settings)
    joined: Base = app.extensions["batchyard"].base
    app.extensions["batchyard"].load_predictions()
    client = app.test_client()
    train(joined, make_job(joined, name="numbers").id)
    lines = [f"{20 + n % 25}.5,{'Bonn' if n % 3 else 'Ulm'},{'old' if n % 25 > 12 else 'young'}" for n in range(60)]
    client.post("/api/v1/datasets?name=p.csv", data="\n".join(["age,city,kind", *lines]), content_type=CSV)
    people = {"dataset": "p.csv", "target": "kind"}
    train(joined, make_job(joined, name="people", data=people, model="linear", epochs=1).id)
    yield client, joined
    app.extensions["batchyard"].close()


@pytest.fixture
def client(rooms: tuple[FlaskClient, Base]) -> FlaskClient:
    """The client."""
    return rooms[0]


def arrow(columns: Any, **options: Any) -> bytes:
    """Columns as a stream."""
    table, sink = pa.table(columns), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table)
    return sink.getvalue()


def parquet_of(columns: Any) -> bytes:
    """Columns as a Parquet file."""
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


def npy(shape: str, body: bytes = b"\0" * 16, descr: str = "<f8") -> bytes:
    """An NPY whose header says what it wants to."""
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + body


def x(*rows: Any) -> bytes:
    """Rows in JSON."""
    return json.dumps({"x": rows}).encode()


#: Of each: the model, the media type, the body, and where the fault is; a number is a status without a place.
BAD: dict[str, tuple[str, str, bytes, str | int]] = {
    "a row too short": ("numbers", JSON, x([1, 2], [1]), "#/x/1"),
    "a row too long": ("numbers", JSON, x([1, 2, 3]), "#/x/0"),
    "a rank too few": ("numbers", JSON, x(1, 2), "#/x/0"),
    "a rank too many": ("numbers", JSON, x([[1, 2]]), "#/x/0"),
    "a text for a number": ("numbers", JSON, x([1, 2], [1, "a"]), "#/x/1/1"),
    "a boolean for a number": ("numbers", JSON, x([True, 2]), "#/x/0/0"),
    "no rows": ("numbers", JSON, x(), "#/x"),
    "a row of nothing": ("numbers", JSON, x([]), "#/x/0"),
    "NaN": ("numbers", JSON, b'{"x": [[1, NaN]]}', "#/x/0/1"),
    "infinity": ("numbers", JSON, b'{"x": [[1, -Infinity]]}', "#/x/0/1"),
    "more than float64 holds": ("numbers", JSON, b'{"x": [[1, 1e400]]}', "#/x/0/1"),
    "more than float32 holds": ("numbers", JSON, x([1, 1e39]), "#/x/0/1"),
    "a record without a column": ("numbers", JSON, b'{"records": [{"x0": 1}]}', "#/records/0/x1"),
    "columns of two lengths": ("people", JSON, b'{"columns": {"age": [1, 2], "city": ["Ulm"]}}', "#"),
    "no columns": ("people", JSON, b'{"columns": {}}', "#/columns"),
    "a name twice": ("numbers", JSON, b'{"records": [{"x0": 1, "x0": 2, "x1": 1}]}', 400),
    "half a surrogate": ("people", JSON, b'{"records": [{"age": 1, "city": "\\ud800"}]}', "#/records/0/city"),
    "bytes that are not UTF-8": ("people", JSON, b'{"records": [{"age": 1, "city": "K\xf6ln"}]}', 400),
    "UTF-16": ("numbers", JSON, x([1, 2]).decode().encode("utf-16"), 400),
    "10,001 rows": ("numbers", JSON, x(*[[1, 2]] * 10_001), 413),
    "200,000 rows of texts": ("numbers", JSON, x(*[["a", 2]] * 200_000), 413),
    "a million brackets": ("numbers", JSON, b'{"x": ' + b"[" * 1_000_000, 413),
    "compressed": ("numbers", JSON, gzip.compress(x([1, 2])), 400),
    "npy of 10^9 rows": ("numbers", NPY, npy("(1000000000, 2)"), "#"),
    "npy of 10^30 rows": ("numbers", NPY, npy(f"({10**30}, 2)"), "#"),
    "npy of fewer than no rows": ("numbers", NPY, npy("(-1, 2)"), "#"),
    "npy of a wrong width": ("numbers", NPY, npy("(2, 1)"), "#"),
    "npy of objects": ("numbers", NPY, npy("(1, 2)", descr="|O"), "#"),
    "npy of complex numbers": ("numbers", NPY, npy("(1, 1)", descr="<c16"), "#"),
    "npy without rows": ("numbers", NPY, npy("(0, 2)", b""), "#"),
    "npy that is none": ("numbers", NPY, b"\x93NUMPY\x01", "#"),
    "npy with code": ("numbers", NPY, npy("__import__('os')"), "#"),
    "npy of infinity": ("numbers", NPY, npy("(1, 2)", np.array([1, np.inf]).tobytes()), "#/columns/x1/0"),
    "arrow that grows": ("people", ARROW, arrow({"age": np.zeros(9_999)}, compression="zstd"), "#"),
    "arrow cut": ("people", ARROW, arrow(PEOPLE)[:-40], "#"),
    "arrow whose length lies": ("people", ARROW, b"\xff\xff\xff\xff\xff\xff\xff\x7f" + arrow(PEOPLE)[8:], "#"),
    "arrow whose buffers lie": ("people", ARROW, arrow(PEOPLE).replace(b"UlmBonn", b"Ulm\xff\xfenn"), "#"),
    "arrow that is none": ("people", ARROW, b"ARROW1", "#"),
    "arrow of no bytes": ("people", ARROW, b"", "#"),
    "arrow of 50,000,000 nothings": ("numbers", ARROW, arrow({"x0": pa.nulls(50_000_000)}), 413),
    "arrow of bytes": ("numbers", ARROW, arrow({"x0": [b"a"], "x1": [b"b"]}), "#/data"),
    "arrow of structs": ("numbers", ARROW, arrow({"x0": [{"a": 1}], "x1": [1]}), "#/data"),
    "arrow of a time beyond all years": ("numbers", ARROW, arrow({"x0": BEYOND, "x1": [1]}), "#/columns/x0/0"),
    "parquet that is none": ("people", PARQUET, b"PAR1PAR1", "#/data"),
    "parquet cut": ("people", PARQUET, parquet_of(PEOPLE)[:-20], "#/data"),
    "parquet whose footer lies": ("people", PARQUET, parquet_of(PEOPLE)[:-8] + b"\xff\xff\xff\x7fPAR1", "#/data"),
    "parquet of 5,000,000 rows": ("numbers", PARQUET, parquet_of({"x0": np.zeros(5_000_000)}), 413),
    "csv ragged": ("people", CSV, b"age,city\n1,Ulm\n2\n", "#/rows/1"),
    "csv names twice": ("people", CSV, b"age,age\n1,2\n", "#/columns/age"),
    "csv of no rows": ("people", CSV, b"age,city\n", "#"),
    "csv empty": ("people", CSV, b"", "#"),
    "csv latin-1": ("people", CSV, "age,city\n1,Köln\n".encode("latin-1"), "#"),
    "csv of an open quote": ("people", CSV, b'age,city\n1,"Ulm\n', "#"),
    "csv of a text for a number": ("people", CSV, b"age,city\n1,Ulm\nold,Ulm\n", "#/columns/age/1"),
    "csv of infinity": ("people", CSV, b"age,city\ninf,Ulm\n", "#/columns/age/0"),
    "csv without a column": ("people", CSV, b"age\n1\n", "#/columns/city"),
    "csv of too many rows": ("people", CSV, b"age,city\n" + b"1,Ulm\n" * 10_001, 413),
    "csv of 20,000 columns": ("people", CSV, b",".join(b"c%d" % n for n in range(20_000)), 413),
    "pickle": ("people", "application/octet-stream", b"\x80\x04", 415),
}


@pytest.mark.parametrize("name", BAD)
def test_what_lies_or_is_of_no_use_is_refused_with_its_place(client: FlaskClient, name: str) -> None:
    job, media, body, where = BAD[name]
    began = time.thread_time()  # of this thread alone: what else the machine does is not counted

    answer = client.post(f"/api/v1/jobs/{job}/predict", data=body, content_type=media)

    assert time.thread_time() - began < 1
    if isinstance(where, int):
        assert answer.status_code == where, answer.data
    else:
        assert (answer.status_code, answer.json["code"]) == (422, "validation_error"), answer.data
        assert answer.json["errors"][0]["pointer"] == where


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_body_that_may_inflate_is_not_unpacked(client: FlaskClient, encoding: str) -> None:
    body = gzip.compress(b" " * 100_000_000)

    answer = client.post(
        "/api/v1/jobs/numbers/predict", data=body, content_type=JSON, headers={"Content-Encoding": encoding}
    )

    assert (answer.status_code, answer.json["allowed"]) == (415, ["identity"])


def test_a_time_beyond_all_years_matters_only_where_it_is_asked_for(client: FlaskClient) -> None:
    body = arrow({"x0": [1.0], "x1": [2.0], "at": BEYOND})

    answer = client.post("/api/v1/jobs/numbers/predict", data=body, content_type=ARROW, headers={"Accept": JSON})

    wanted = client.post("/api/v1/jobs/numbers/predict", json={"x": [[1, 2]]}).json["predictions"]
    assert (answer.status_code, answer.json["predictions"]) == (200, wanted)


def test_damaged_weights_answer_no_numbers(rooms: tuple[FlaskClient, Base]) -> None:
    client, joined = rooms
    job = train(joined, make_job(joined, name="damaged").id)
    best = joined.jobs.lookup.checkpoint("local", job.id, "best")
    with joined.database.transaction() as session:
        chunk = session.get_one(CheckpointChunk, (best.id, 0))
        chunk.data = chunk.data[:-1] + bytes([chunk.data[-1] ^ 1])  # one bit of the last weight

    ours = client.post("/api/v1/jobs/damaged/predict", json={"x": [[1, 2]]})
    tensor = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
    standard = client.post("/v2/models/damaged/infer", json={"inputs": [tensor]})

    assert (ours.status_code, ours.json["code"]) == (503, "checkpoint_corrupt")
    assert (standard.status_code, standard.json["code"]) == (503, "checkpoint_corrupt")
    assert "predictions" not in ours.json
    assert standard.json["error"] == ours.json["detail"]
