"""Whatever is sent is answered with what is wrong and what would be right, and never with a 500."""

import io
import json
import zipfile
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import SMALL, train

GOOD: dict[str, Any] = {"data": {"builtin": "iris"}, "model": "mlp"}
JSON = {"Content-Type": "application/json"}


def body(**parts: Any) -> bytes:
    """A spec with other parts."""
    return json.dumps(GOOD | parts).encode()


TEXTS: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "malformed_json"),
    "cut short": (b'{"data": ', 400, "malformed_json"),
    "trailing comma": (b'{"model": "mlp",}', 400, "malformed_json"),
    "two documents": (b"{} {}", 400, "malformed_json"),
    "byte order mark": (b"\xef\xbb\xbf{}", 400, "malformed_json"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), 400, "malformed_json"),
    "Latin-1": (b'{"name": "\xe9"}', 400, "malformed_json"),
    "1,000 levels": (b"[" * 1_000 + b"]" * 1_000, 400, "too_deep"),
    "a million brackets": (b"[" * 1_000_000, 400, "too_deep"),
    "40 levels": (b'{"data": ' + b'{"x": ' * 40 + b"1" + b"}" * 41, 400, "too_deep"),
    "a key twice": (b'{"model": "mlp", "model": "linear", "data": {"builtin": "iris"}}', 400, "duplicate_key"),
    "a list": (b"[]", 422, "validation_error"),
    "a text": (b'"x"', 422, "validation_error"),
    "null": (b"null", 422, "validation_error"),
}

FAULTS: dict[str, tuple[bytes, str, str, Any]] = {
    "unknown key": (body(optimizer={"typ": "sgd"}), "#/optimizer/typ", "unknown_key", "type"),
    "unknown loss": (body(loss="msee"), "#/loss", "unknown_value", "mse"),
    "unknown model": (body(model={"type": "mpl"}), "#/model/type", "unknown_value", "mlp"),
    "a compiler": (body(compile=True), "#/compile", "unknown_value", None),
    "a column of the server": (body(state="succeeded"), "#/state", "unknown_key", None),
    "NaN": (b'{"data": {"x": [[NaN]], "y": [1]}, "model": "linear"}', "#/data/x/0/0", "non_finite_number", None),
    "1e400": (b'{"data": {"x": [[1]], "y": [1e400]}, "model": "linear"}', "#/data/y/0", "non_finite_number", None),
    "too large for float32": (body(data={"x": [[1e300]], "y": [1]}), "#/data/x/0/0", "out_of_range", None),
    "a text for a number": (body(epochs="5"), "#/epochs", "wrong_type", 5),
    "true for a number": (body(batch_size=True), "#/batch_size", "wrong_type", None),
    "half an epoch": (body(epochs=2.5), "#/epochs", "wrong_type", None),
    "no epoch": (body(epochs=0), "#/epochs", "out_of_range", None),
    "a billion epochs": (body(epochs=10**9), "#/epochs", "out_of_range", None),
    "no step": (body(optimizer={"type": "sgd", "lr": 0}), "#/optimizer/lr", "out_of_range", None),
    "a seed below 0": (body(seed=-1), "#/seed", "out_of_range", None),
    "a seed of 64 bits": (body(seed=2**64), "#/seed", "out_of_range", None),
    "all rows validate": (
        body(split={"type": "random", "validation": 150}),
        "#/split/validation",
        "out_of_range",
        None,
    ),
    "a million units": (body(model={"type": "mlp", "hidden": [10**6]}), "#/model/hidden/0", "out_of_range", None),
    "too many parameters": (body(model={"type": "mlp", "hidden": [60_000] * 2}), "#/model", "out_of_range", None),
    "a batch of more than all": (body(batch_size=500), "#/batch_size", "out_of_range", "full"),
    "ragged rows": (body(data={"x": [[1, 2], [3]], "y": [1, 2]}), "#/data/x/1", "ragged_row", None),
    "lengths differ": (body(data={"x": [[1], [2]], "y": [1]}), "#/data/y", "length_mismatch", None),
    "no rows": (body(data={"x": [], "y": []}), "#/data/x", "too_short", None),
    "no source": (body(data={}), "#/data", "one_source", None),
    "two sources": (body(data={"builtin": "iris", "dataset": "d"}), "#/data", "one_source", None),
    "unknown data set": (body(data={"dataset": "ds_x"}), "#/data/dataset", "unknown_dataset", None),
    "unknown target": (
        body(data={"builtin": "iris", "target": "Species"}),
        "#/data/target",
        "unknown_column",
        "species",
    ),
    "unknown feature": (
        body(data={"builtin": "iris", "features": ["sepal"]}),
        "#/data/features/0",
        "unknown_column",
        "sepal_width",
    ),
    "classes with a regression's loss": (body(loss="mse", task="multiclass"), "#/loss", "invalid", None),
    "texts with a regression's loss": (body(loss="mse"), "#/data/target", "wrong_type", None),
    "one class": (body(data={"x": [[1], [2]], "y": ["a", "a"]}), "#/data/target", "one_class", None),
    "a metric of another task": (body(metrics=["r2"]), "#/metrics/0", "unknown_value", None),
    "a monitor that is not computed": (body(monitor="val_r2"), "#/monitor/metric", "unknown_value", None),
    "a NUL": (body(metadata={"a": "\0"}), "#/metadata/a", "invalid_text", None),
    "a name with blanks": (body(name="a b"), "#/name", "invalid_name", None),
    "a path for a name": (body(name="../../etc/passwd"), "#/name", "invalid_name", None),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_body_that_is_no_json_to_work_with_says_why(client: FlaskClient, text: str) -> None:
    sent, status, code = TEXTS[text]

    answer = client.post("/api/v1/jobs", data=sent, headers=JSON)

    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_place_and_what_was_meant(client: FlaskClient, fault: str) -> None:
    sent, pointer, code, suggestion = FAULTS[fault]

    answer = client.post("/api/v1/jobs", data=sent, headers=JSON)
    problem = answer.get_json()

    assert answer.status_code == 422, problem
    assert (pointer, code, suggestion) in [(e["pointer"], e["code"], e.get("suggestion")) for e in problem["errors"]], (
        problem
    )
    assert client.get("/api/v1/jobs").get_json()["data"] == []


def test_all_faults_of_a_request_are_told_at_once(client: FlaskClient) -> None:
    sent = body(epochs=0, loss="msee", seed=-1, modl=1, split={"type": "random", "validation": 1.5})

    problem = client.post("/api/v1/jobs", data=sent, headers=JSON).get_json()

    assert {e["pointer"] for e in problem["errors"]} == {"#/epochs", "#/loss", "#/seed", "#/modl", "#/split/validation"}
    assert problem["total_errors"] == 5


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/jobs/job_unknown", 404, "not_found"),
        ("GET", "/api/v1/jobs/job_unknown/metrics", 404, "not_found"),
        ("GET", "/api/v1/jobs/job_unknown/events", 404, "not_found"),
        ("DELETE", "/api/v1/jobs/job_unknown", 404, "not_found"),
        ("GET", "/api/v1/datasets/ds_unknown", 404, "not_found"),
        ("GET", "/api/v1/datasets/..%2f..%2fetc%2fpasswd", 404, "not_found"),
        ("POST", "/api/v1/jobs/job_unknown/pause", 404, "not_found"),
        ("GET", "/api/v1/queues", 404, "not_found"),
        ("GET", "/v2/models/x", 404, "not_found"),
        ("PUT", "/api/v1/jobs", 405, "method_not_allowed"),
        ("GET", "/api/v1/jobs?limit=0", 422, "validation_error"),
        ("GET", "/api/v1/jobs?limit=1000000000", 422, "validation_error"),
        ("GET", "/api/v1/jobs?limit=x", 422, "validation_error"),
        ("GET", "/api/v1/jobs?sort=(select 1)", 422, "validation_error"),
        ("GET", "/api/v1/jobs?after=nonsense", 422, "validation_error"),
        ("GET", "/api/v1/jobs?status=done", 422, "validation_error"),
        ("GET", "/api/v1/jobs?unknown=1", 422, "validation_error"),
        ("GET", "/api/v1/jobs?name=%27%3B+DROP+TABLE+jobs%3B--", 200, None),
        ("GET", "/problems/nothing", 404, "not_found"),
    ],
)
def test_an_address_that_is_wrong_says_what_is_wrong(
    client: FlaskClient, method: str, path: str, status: int, code: str | None
) -> None:
    answer = client.open(path, method=method)

    assert answer.status_code == status
    assert answer.get_json().get("code") == code


def test_a_body_of_the_wrong_kind_or_size_is_refused(client: FlaskClient, app: Any) -> None:
    form = client.post("/api/v1/jobs", data="x", headers={"Content-Type": "application/x-www-form-urlencoded"})
    large = client.post("/api/v1/jobs", data=b" " * (16 * 2**20 + 1), headers=JSON)
    pickled = client.post("/api/v1/datasets?name=a.pkl", data=b"\x80\x04\x95", headers={"Content-Type": "text/csv"})

    assert (form.status_code, form.get_json()["allowed"]) == (415, ["application/json"])
    assert (large.status_code, large.get_json()["limit_bytes"]) == (413, 16 * 2**20)
    assert (pickled.status_code, pickled.get_json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("rows", "code", "location"),
    [
        (b"a,b\n1,2\n3\n", "csv_ragged_row", {"row": 1, "line": 3}),
        (b"a,b\n1,2\n\xe9,3\n", "csv_not_utf8", {"byte": 8, "line": 3, "row": 1}),
        (b"a,b\n" + b"1,2\n" * 20 + b"oops,3\n", "bad_value", {"row": 20, "line": 22, "column": "a"}),
        (b"a,b\n1,1e400\n", "bad_value", {"row": 0, "line": 2, "column": "b"}),
        (b"a,a\n1,2\n", "duplicate_column", {"row": 0, "line": 1, "column": 1}),
        (b"a,b\n", "empty", None),
        (b"", "empty", None),
    ],
    ids=["ragged", "not UTF-8", "no number", "too large a number", "a name twice", "no rows", "nothing"],
)
def test_a_bad_csv_is_refused_with_the_place(client: FlaskClient, rows: bytes, code: str, location: Any) -> None:
    answer = client.post("/api/v1/datasets?name=a.csv", data=rows, headers={"Content-Type": "text/csv"})
    fault = answer.get_json()["errors"][0]

    assert answer.status_code == 422
    assert (fault["code"], fault.get("location")) == (code, location)


def test_a_missing_value_is_filled_in_a_feature_and_refused_in_a_target(client: FlaskClient, joined: Base) -> None:
    rows = b"a,b,y\n" + b"1,2,3\n2,3,4\n" * 12 + b"1,,3\n"
    client.post("/api/v1/datasets?name=gaps.csv", data=rows, headers={"Content-Type": "text/csv"})
    data = {"dataset": "gaps.csv", "target": "y"}

    filled = client.post("/api/v1/jobs", json={"data": data, "task": "regression", "model": "linear", "epochs": 2})
    refused = client.post("/api/v1/jobs", json={"data": data | {"target": "b"}, "model": "linear"}).get_json()
    train(joined, filled.get_json()["id"])
    answer = client.post(f"/api/v1/jobs/{filled.get_json()['id']}/predict", json={"x": [[1, None], [1, 2]]})

    assert [(e["code"], e["location"]) for e in refused["errors"]] == [("missing_values", {"row": 24, "column": "b"})]
    assert len(answer.get_json()["predictions"]) == 2


def test_predicting_says_which_value_of_which_row_is_of_no_use(client: FlaskClient, joined: Base) -> None:
    job = client.post("/api/v1/jobs", json=SMALL).get_json()
    early = client.post(f"/api/v1/jobs/{job['id']}/predict", json={"x": [[1, 2]]})
    train(joined, job["id"])

    def faults(sent: dict[str, Any]) -> list[tuple[str, str]]:
        answer = client.post(f"/api/v1/jobs/{job['id']}/predict", json=sent)
        assert answer.status_code == 422
        return [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]]

    assert (early.status_code, early.get_json()["code"]) == (409, "no_checkpoint_yet")
    assert early.headers["Retry-After"] == "1"
    assert faults({"x": [[1, 2], [1]]}) == [("#/x/1", "shape_mismatch")]
    assert faults({"records": [{"x0": 1}, {"x0": "a", "x1": 2}]}) == [
        ("#/records/0/x1", "missing"),
        ("#/records/1/x0", "wrong_type"),
    ]
    filled = client.post(f"/api/v1/jobs/{job['id']}/predict", json={"x": [[1, None]]}).get_json()
    assert [(w["code"], w["columns"]) for w in filled["warnings"]] == [("missing_filled", ["x1"])]
    assert faults({"x": [[1, 1e300]]}) == [("#/x/0/1", "out_of_range")]
    assert faults({}) == [("#", "invalid")]
    assert client.post(f"/api/v1/jobs/{job['id']}/predict", json={"x": [[1, 2]] * 10_001}).status_code == 413


def test_pages_of_other_sites_and_other_hosts_are_refused(client: FlaskClient) -> None:
    page = client.get("/api/v1/jobs", headers={"Origin": "https://elsewhere.example"})
    own = client.get("/api/v1/jobs", headers={"Origin": "http://localhost"})
    host = client.get("/api/v1/jobs", headers={"Host": "elsewhere.example:8000"})

    assert (page.status_code, page.get_json()["code"]) == (403, "forbidden_origin")
    assert own.status_code == 200
    assert (host.status_code, host.get_json()["host"]) == (403, "elsewhere.example")


def test_an_archive_that_swells_or_holds_objects_is_refused(client: FlaskClient) -> None:
    import numpy as np

    bomb, objects = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (75_000_000, 10)})
        file.write(bytes(1 << 20))
    np.savez(objects, x=np.array([{}, 1], dtype=object))

    swollen = client.post("/api/v1/datasets?name=a.npz", data=bomb.getvalue())
    unsafe = client.post("/api/v1/datasets?name=b.npz", data=objects.getvalue())

    assert swollen.status_code == 413
    assert unsafe.status_code in {415, 422}


@pytest.mark.parametrize(
    "query", ["status[]=queued&status[a]=b", "metadata=1&metadata[a]=b", "metadata[a]=b&metadata=1", "limit=1&limit=2"]
)
def test_a_parameter_that_is_said_in_two_ways_is_refused(client: FlaskClient, query: str) -> None:
    problem = client.get(f"/api/v1/jobs?{query}")

    assert problem.status_code == 422
    assert [e["code"] for e in problem.get_json()["errors"]] == ["duplicate_key"]


def test_an_upload_says_how_it_is_read(client: FlaskClient) -> None:
    raw = b"v;code;y\n1.234,5;007;2\n12,5;008;3\n"
    asked = {"name": "a.csv", "decimal": ",", "thousands": ".", "columns[code]": "category", "na_values": "-"}

    found = client.post("/api/v1/datasets", query_string=asked, data=raw)
    again = client.post("/api/v1/datasets", query_string=asked, data=raw)
    other = client.post("/api/v1/datasets", query_string={"name": "a.csv"}, data=raw)
    wrong = client.post("/api/v1/datasets", query_string=asked | {"decimal": ":"}, data=raw)

    rows = client.get(f"/api/v1/datasets/{found.get_json()['id']}/rows").get_json()["data"]
    assert rows == [[1234.5, "007", 2], [12.5, "008", 3]]
    assert (again.status_code, again.get_json()["id"]) == (200, found.get_json()["id"])
    assert other.status_code == 201
    assert wrong.get_json()["errors"][0]["pointer"] == "#/query/decimal"


def test_rows_of_a_damaged_data_set_are_a_conflict_and_not_a_bug(client: FlaskClient, joined: Base) -> None:
    made = client.post("/api/v1/datasets?name=a.csv", data=b"a,b\n1,2\n").get_json()
    joined.files.datasets.remove(made["sha256"])

    for part in ("rows", "content"):
        found = client.get(f"/api/v1/datasets/{made['id']}/{part}")
        assert (found.status_code, found.get_json()["code"]) == (409, "dataset_damaged")


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/jobs/small/cancel", "/api/v1/datasets"])
def test_a_page_of_another_site_may_not_call_a_verb(client: FlaskClient, path: str) -> None:
    def status(method: str, site: str) -> int:
        return client.open(path, method=method, headers={"Sec-Fetch-Site": site}, data=b"").status_code

    assert status("POST", "cross-site") == 403
    assert status("DELETE", "cross-site") == 403
    assert status("GET", "cross-site") != 403
    assert all(status("POST", site) != 403 for site in ("same-origin", "same-site", "none"))
