"""Rows come and answers go in every format, and say the same in each. Rows of no use: `test_bad_rows.py`."""

import csv
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyarrow import parquet

from services.wiring.base import Base
from tests.make import make_job, train

ROWS = 40
AGES = np.random.default_rng(0).integers(20, 60, ROWS).tolist()
CITIES = ["Bonn" if n % 3 else "Ulm" for n in range(ROWS)]
LABELS = ["=old" if age > 40 else "young" for age in AGES]
COLUMNS = {"age": [25.5, 41.0, 59.0], "city": ["Ulm", "Bonn", "Bonn"]}
JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"


@pytest.fixture(scope="module")
def mixed(joined: Base, app: Flask) -> str:
    """Where a model of a number and a text predicts."""
    text = "age,city,label\n" + "".join(f"{a},{c},{b}\n" for a, c, b in zip(AGES, CITIES, LABELS, strict=True))
    sent = app.test_client().post("/api/v1/datasets?name=people.csv", data=text, content_type=CSV)
    data = {"dataset": sent.json["id"], "target": "label"}
    job = train(joined, make_job(joined, data=data, model="mlp", epochs=5).id)
    return f"/api/v1/jobs/{job.id}/predict"


def packed(media: str, columns: dict[str, Any]) -> bytes:
    """Columns as a file."""
    sink = io.BytesIO()
    table = pa.table(columns)
    if media == PARQUET:
        parquet.write_table(table, sink)
    elif media == ARROW:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    else:
        text = io.StringIO()
        csv.writer(text).writerows([columns, *zip(*columns.values(), strict=True)])
        return text.getvalue().encode()
    return sink.getvalue()


def unpacked(media: str, body: bytes) -> dict[str, list[Any]]:
    """A file as columns."""
    if media == PARQUET:
        return dict(parquet.read_table(io.BytesIO(body)).to_pydict())
    if media == ARROW:
        return dict(pa.ipc.open_stream(body).read_all().to_pydict())
    names, *rows = csv.reader(io.StringIO(body.decode()))
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}


@pytest.mark.parametrize("media", [CSV, PARQUET, ARROW])
def test_a_table_is_answered_in_its_own_format_with_the_numbers_of_json(
    client: FlaskClient, mixed: str, media: str
) -> None:
    extra = COLUMNS | {"label": ["?", "?", "?"]}
    by_json = client.post(mixed, json={"columns": COLUMNS}).json
    records = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]
    assert client.post(mixed, json={"records": records}).json == by_json

    answer = client.post(mixed, data=packed(media, extra), content_type=media)

    assert answer.status_code == 200, answer.data
    assert answer.mimetype == media
    found = unpacked(media, answer.data)
    assert list(found) == ["prediction", "p_=old", "p_young"]
    labels = by_json["predictions"]
    assert found["prediction"] == ([f"'{it}" if it == "=old" else it for it in labels] if media == CSV else labels)
    numbers = [[float(cell) for cell in row] for row in zip(found["p_=old"], found["p_young"], strict=True)]
    assert numbers == by_json["probabilities"]
    assert answer.headers["Batchyard-Weights-SHA256"] == by_json["weights_sha256"]
    assert answer.headers["Batchyard-Warnings"] == "extra_columns"
    other = client.post(mixed, data=packed(media, extra), content_type=media, headers={"Accept": JSON})
    assert other.json["probabilities"] == by_json["probabilities"]


@pytest.mark.parametrize(
    "rows", [np.array([[1.0, 2.0], [3.0, 0.5]], dtype=kind) for kind in (">f8", "<f4")], ids=["f8", "f4"]
)
def test_npy_goes_in_and_out(client: FlaskClient, joined: Base, rows: np.ndarray) -> None:
    job = train(joined, make_job(joined, loss="gaussian_nll", model="mlp").id)
    address = f"/api/v1/jobs/{job.id}/predict"
    sink = io.BytesIO()
    np.save(sink, np.asfortranarray(rows) if rows.itemsize == 8 else rows)

    answer = client.post(address, data=sink.getvalue(), content_type=NPY)
    by_json = client.post(address, json={"x": rows.tolist()}).json
    only = client.post(f"{address}?output=deviations", json={"x": rows.tolist()}).json

    assert np.load(io.BytesIO(answer.data)).tolist() == by_json["predictions"]
    assert len(by_json["deviations"]) == 2
    assert min(by_json["deviations"]) > 0
    assert only["deviations"] == by_json["deviations"]
    assert "predictions" not in only


def test_what_is_odd_about_rows_is_said_with_row_and_column(client: FlaskClient, mixed: str) -> None:
    columns = {"age": [30.0, 159.0, 30.0], "city": ["Ulm", "Rome", "Bonn"], "more": [1, 2, 3]}

    found = client.post(f"{mixed}?diagnostics=true", json={"columns": columns}).json["diagnostics"]

    assert found["extra_columns"] == ["more"]
    assert [(it["row"], it["column"], it["kind"]) for it in found["values"]] == [
        (1, "age", "outside_range"),
        (1, "city", "unseen_category"),
    ]
    low, high = found["values"][0]["low"], found["values"][0]["high"]
    assert 20 <= low < high <= 59  # of the training rows alone
    assert found["values"][0]["distance"] == pytest.approx((159 - high) / (high - low))
    plain = client.post(mixed, json={"columns": columns}).json
    assert "diagnostics" not in plain


def test_a_value_of_no_use_in_a_table_has_its_row_and_column(client: FlaskClient, mixed: str) -> None:
    fault = client.post(mixed, data=b"age,city\n1,Ulm\nold,Ulm\n", content_type=CSV).json["errors"][0]

    assert fault["pointer"] == "#/columns/age/1"
    assert fault["location"] == {"row": 1, "column": "age"}
    refused = client.post(mixed, json={"columns": COLUMNS}, headers={"Accept": "image/png"})
    assert (refused.status_code, len(refused.json["allowed"])) == (406, 5)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_read_with_the_delimiters_of_an_upload(client: FlaskClient, joined: Base, delimiter: str) -> None:
    rows = [(n % 7, ["Bern; old", "Rome"][n % 2], n % 7 + 5 * (n % 2)) for n in range(60)]
    text = "n,city,y\n" + "".join(f'{n},"{city}",{y}.5\n' for n, city, y in rows)
    sent = client.post("/api/v1/datasets?name=t.csv", data=text.encode(), content_type="application/octet-stream")
    job = make_job(joined, data={"dataset": sent.get_json()["id"], "target": "y"}, model="linear", epochs=2)
    train(joined, job.id)
    address = f"/api/v1/jobs/{job.id}/predict"
    body = f'n{delimiter}city\n3{delimiter}"Bern; old"\n4{delimiter}Rome\n'

    told = client.post(address, data=body.encode(), content_type="text/csv", headers={"Accept": "application/json"})
    wanted = client.post(address, json={"records": [{"n": 3, "city": "Bern; old"}, {"n": 4, "city": "Rome"}]})

    assert told.get_json()["predictions"] == wanted.get_json()["predictions"]


def test_codes_that_are_numbers_may_have_a_decimal_point(client: FlaskClient, joined: Base) -> None:
    text = "k,y\n" + "".join(f"{n % 4},{n % 4 * 2}.5\n" for n in range(60))
    sent = client.post("/api/v1/datasets?name=t.csv&columns[k]=category", data=text.encode())
    job = make_job(joined, data={"dataset": sent.get_json()["id"], "target": "y"}, model="linear", epochs=20)
    train(joined, job.id)

    told = [
        client.post(f"/api/v1/jobs/{job.id}/predict", json={"records": [{"k": value}]}).get_json()
        for value in (3, 3.0, "3", "3.0", "2.0")
    ]

    assert [answer["predictions"] == told[0]["predictions"] for answer in told] == [True, True, True, True, False]
    assert not any(answer.get("warnings") for answer in told)


WRITTEN = [
    ({"decimal": ",", "thousands": "."}, lambda n: f"1.00{n % 5},5", lambda n: 1000 + n % 5 + 0.5),
    ({"thousands": " "}, lambda n: f"1\u00a000{n % 5}", lambda n: 1000 + n % 5),
    ({"columns[v]": "number"}, lambda n: f"{n % 5}%", lambda n: n % 5),
    ({"columns[v]": "number"}, lambda n: f"(${n % 5 + 1}.50)", lambda n: -(n % 5 + 1.5)),
    ({"na_values": "-"}, lambda n: "-" if n % 5 == 4 else str(n % 5), lambda n: None if n % 5 == 4 else n % 5),
]


@pytest.mark.parametrize(("options", "cell", "number"), WRITTEN, ids=["comma", "spaces", "percent", "dollar", "dash"])
def test_a_cell_is_written_in_a_prediction_as_in_the_file(
    client: FlaskClient, joined: Base, options: dict[str, str], cell: Any, number: Any
) -> None:
    text = "v;y\n" + "".join(f"{cell(n)};{n % 5}\n" for n in range(60))
    sent = client.post("/api/v1/datasets", query_string={"name": "t.csv", **options}, data=text.encode())
    job = make_job(
        joined, data={"dataset": sent.get_json()["id"], "target": "y"}, task="regression", model="linear", epochs=3
    )
    train(joined, job.id)
    address, headers = f"/api/v1/jobs/{job.id}/predict", {"Accept": "application/json"}

    as_json = client.post(address, json={"records": [{"v": number(n)} for n in range(5)]}).get_json()
    as_texts = client.post(address, json={"records": [{"v": cell(n)} for n in range(5)]}).get_json()
    body = "v\n" + "".join(f'"{cell(n)}"\n' for n in range(5))
    as_csv = client.post(address, data=body.encode(), content_type="text/csv", headers=headers).get_json()

    assert as_json["predictions"] == as_texts["predictions"] == as_csv["predictions"]
    assert len(set(as_json["predictions"])) == 5
