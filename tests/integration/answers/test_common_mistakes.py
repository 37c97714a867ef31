"""The commonest mistakes in JSON and CSV: each is answered with the sentence that tells what to change, and where."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import SMALL, make_job, train

ANY = None

#: What is sent as a body, and what the answer says.
TEXTS: list[tuple[str, str]] = [
    ('{"epochs": 5,}', "there is a comma before the closing bracket (line 1, column 14)"),
    ("{'epochs': 5}", "a key is not in double quotes (line 1, column 2)"),
    ("{epochs: 5}", "a key is not in double quotes (line 1, column 2)"),
    ('{"epochs" 5}', "a colon is missing after a key (line 1, column 11)"),
    ('{"shuffle": True}', "write true, false and null in lower case (line 1, column 13)"),
    ('{"lr": NaN', "the text ends early (line 1, column 10)"),
    ("{\"name\": 'a'}", "put strings in double quotes (line 1, column 10)"),
    ('{"epochs": 5 // so many\n}', "a comma or the closing bracket is missing (line 1, column 14)"),
    ("", "the body is empty (line 1, column 0)"),
]
#: What is changed in a job that would do; pointer, code, sentence, suggestion.
JOBS: list[tuple[dict[str, Any], str, str, str, Any]] = [
    ({"epoch": 5}, "#/epoch", "unknown_key", "is not a known key; did you mean 'epochs'?", "epochs"),
    ({"epochs": "5"}, "#/epochs", "wrong_type", "is the text '5'; must be a whole number of at least 1", 5),
    ({"epochs": 0}, "#/epochs", "out_of_range", "is 0; must be a whole number of at least 1", ANY),
    ({"lr": 0.1}, "#/lr", "unknown_key", "is not a known key", ANY),
    (
        {"optimizer": {"type": "adam", "learning_rate": 0.1}},
        "#/optimizer/learning_rate",
        "unknown_key",
        "is not a known key; did you mean 'lr'?",
        "lr",
    ),
    (
        {"optimizer": "adma"},
        "#/optimizer",
        "unknown_value",
        "is 'adma', which is not known here; did you mean 'adam'?",
        "adam",
    ),
    (
        {"batch_size": "64"},
        "#/batch_size",
        "wrong_type",
        'is the text \'64\'; must be "auto" or "full" or a whole number of at least 1',
        64,
    ),
    (
        {"model": {"type": "mlp", "hidden": 64}},
        "#/model/hidden",
        "wrong_type",
        "is 64; must be a list of whole numbers of at least 1 and of at most 65536",
        ANY,
    ),
    (
        {"device": "gpu"},
        "#/device",
        "unknown_value",
        'is \'gpu\', which is not known here; must be "auto", "cpu" or "cuda"; did you mean \'cuda\'?',
        "cuda",
    ),
    (
        {"monitor": "val_loss"},
        "#/monitor/metric",
        "unknown_value",
        "'val_loss' is not computed in this job",
        "val_cost",
    ),
    (
        {"data": {"x": [[1, 2], [3]], "y": [1, 2]}},
        "#/data/x/1",
        "ragged_row",
        "has 1 values; expected 2, as the first row",
        ANY,
    ),
    ({"data": {"x": [[1], [3]], "y": [1]}}, "#/data/y", "length_mismatch", "has 1 values, but x has 2 rows", ANY),
    (
        {"data": {"dataset": "iris.csv", "target": "y"}},
        "#/data/dataset",
        "unknown_dataset",
        "is 'iris.csv'; there is no data set with this name or id",
        ANY,
    ),
    (
        {"metadata": {"a/b~c": [1]}},
        "#/metadata/a~1b~0c",
        "wrong_type",
        "is [1]; must be a text, a number, true or false or null",
        ANY,
    ),
]
#: What is uploaded; code, sentence, line.
FILES: list[tuple[str, str, str, int | None]] = [
    ("a,b\n1,2\n3\n", "csv_ragged_row", "line 3 has 1 cell, the first line 2", 3),
    ('a,b\n"1,2\n3,4\n', "csv_unclosed_quote", "in the row at line 2, a quote opens but never closes", 2),
    ("a,a\n1,2\n", "duplicate_column", "two columns are named 'a'", 1),
    ("a,b\n", "empty", "has no rows", ANY),
    ("a,b", "empty", "has no rows", ANY),
    ("a,b\n" + "1,2\n" * 60 + "1,x\n", "bad_value", "is not a number", 62),
    ("<html><body>Sign in</body></html>", "unreadable", "is a web page, not a table", ANY),
    ('{"a": 1}\n{"a": 2', "unreadable", "line 2 is not valid JSON at column 8", 2),
    ("sep=;\na;b\n1;2\n", "sep_line", "begins with a line sep=, which only Excel reads", 1),
]
FOREIGN = (
    "pydantic",
    "orjson",
    "pyarrow",
    "arrow",
    "Traceback",
    "straddling",
    "expected ident",
    "input_value",
    "nullss",
)


@pytest.mark.parametrize(("sent", "sentence"), TEXTS, ids=[sent[:20] or "nothing" for sent, _ in TEXTS])
def test_a_text_that_is_no_json_is_told_where_and_why(client: FlaskClient, sent: str, sentence: str) -> None:
    answer = client.post("/api/v1/jobs", data=sent, content_type="application/json")

    assert (answer.status_code, answer.get_json()["detail"]) == (400, sentence)


@pytest.mark.parametrize(("change", "pointer", "code", "sentence", "suggestion"), JOBS, ids=[case[1] for case in JOBS])
def test_a_job_that_will_not_do_is_told_where_why_and_what_instead(
    client: FlaskClient, change: dict[str, Any], pointer: str, code: str, sentence: str, suggestion: Any
) -> None:
    answer = client.post("/api/v1/jobs", json=SMALL | change)
    [fault] = answer.get_json()["errors"]

    assert answer.status_code == 422
    assert (fault["pointer"], fault["code"], fault["detail"]) == (pointer, code, sentence)
    assert fault.get("suggestion") == suggestion
    assert not any(word in answer.text for word in FOREIGN)


@pytest.mark.parametrize(
    ("sent", "code", "sentence", "line"), FILES, ids=[f"{case[1]}-{n}" for n, case in enumerate(FILES)]
)
def test_a_file_that_is_no_table_is_told_where_and_why(
    client: FlaskClient, sent: str, code: str, sentence: str, line: int | None
) -> None:
    answer = client.post("/api/v1/datasets?name=rows.csv", data=sent.encode(), content_type="text/csv")
    [fault] = answer.get_json()["errors"]

    assert answer.status_code == 422
    assert (fault["code"], fault["detail"], fault.get("location", {}).get("line")) == (code, sentence, line)
    assert not any(word in answer.text for word in FOREIGN)


def test_a_key_that_belongs_elsewhere_is_told_where(client: FlaskClient) -> None:
    [fault] = client.post("/api/v1/jobs", json=SMALL | {"lr": 0.1}).get_json()["errors"]

    assert fault["hint"] == 'it belongs inside optimizer: {"optimizer": {"lr": ...}}'


def test_all_mistakes_of_a_job_are_told_at_once(client: FlaskClient) -> None:
    wrong = {"epoch": 5, "epochs": "5", "optimizer": {"type": "adam", "learning_rate": 1}, "device": "gpu", "seed": -1}

    problem = client.post("/api/v1/jobs", json=SMALL | wrong).get_json()

    found = {fault["pointer"] for fault in problem["errors"]}
    assert found == {"#/epoch", "#/epochs", "#/optimizer/learning_rate", "#/device", "#/seed"}


def test_of_very_many_mistakes_a_hundred_are_told_beside_their_number(client: FlaskClient) -> None:
    unknown = {f"key{n}": n for n in range(150)}

    problem = client.post("/api/v1/jobs", json=SMALL | unknown).get_json()

    assert (len(problem["errors"]), problem["total_errors"]) == (100, 150)


def test_no_rows_to_predict_are_told_in_words(client: FlaskClient, joined: Base) -> None:
    job = train(joined, make_job(joined).id).id

    [fault] = client.post(f"/api/v1/jobs/{job}/predict", json={"x": []}).get_json()["errors"]

    assert (fault["pointer"], fault["code"]) == ("#/x", "too_short")
    assert fault["detail"] == "has 0 entries; must have at least 1"
