"""A table with dates: uploaded, trained on, split by, predicted with."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import train

FIRST = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
HOURS = 6


def sales(stamp: datetime) -> float:
    """What is sold: much on weekends, little at night, and a little more every day."""
    weekend = 40.0 if stamp.weekday() >= 5 else 0.0
    return weekend + (20.0 if stamp.hour in {12, 18} else 0.0) + (stamp - FIRST).days / 50


STAMPS = [FIRST + timedelta(hours=HOURS * n) for n in range(1_600)]  # 400 days
ROWS = "day,sold\n" + "".join(f"{stamp:%Y-%m-%dT%H:%M:%SZ},{sales(stamp)}\n" for stamp in STAMPS)


def job(client: FlaskClient, joined: Base, **parts: Any) -> dict[str, Any]:
    """Upload the rows, train on them, and return the job."""
    client.post("/api/v1/datasets?name=sales.csv", data=ROWS, content_type="text/csv")
    spec = {"name": "sales", "data": {"dataset": "sales.csv", "target": "sold"}, "model": "mlp", "epochs": 40}
    answer = client.post("/api/v1/jobs", json=spec | parts)
    assert answer.status_code == 202, answer.text
    train(joined, answer.get_json()["id"])
    found: dict[str, Any] = client.get("/api/v1/jobs/sales").get_json()
    return found


def test_weekends_and_nights_are_learnt_from_the_time_alone(client: FlaskClient, joined: Base) -> None:
    found = job(client, joined, optimizer={"type": "adamw", "lr": 0.01}, metrics=["r2"])

    r2 = max(row["val_r2"] for row in _epochs(client))
    assert r2 > 0.97  # of a straight line through the days: 0.01
    assert found["model_summary"]["input_shape"] == [1 + 2 * 3]
    ask = {"records": [{"day": "2024-12-07T12:00:00Z"}, {"day": "2024-12-10 00:00"}]}
    weekend, night = client.post("/api/v1/jobs/sales/predict", json=ask).get_json()["predictions"]
    assert weekend == pytest.approx(sales(datetime(2024, 12, 7, 12, tzinfo=UTC)), abs=8)
    assert night == pytest.approx(sales(datetime(2024, 12, 10, tzinfo=UTC)), abs=8)


def _epochs(client: FlaskClient) -> list[dict[str, Any]]:
    metrics = client.get("/api/v1/jobs/sales/metrics").get_json()
    return [dict(zip(metrics["columns"], row, strict=True)) for row in metrics["data"]]


@pytest.mark.parametrize("day", ["soon", 20241207, "2024-02-30", None, True])
def test_what_is_no_date_is_told_in_a_prediction(client: FlaskClient, joined: Base, day: Any) -> None:
    job(client, joined, epochs=1)

    answer = client.post("/api/v1/jobs/sales/predict", json={"x": [["2024-12-07"], [day]]})

    if day is None:  # stands for the mean, as with numbers
        assert answer.get_json()["warnings"][0]["code"] == "missing_filled"
        return
    (fault,) = answer.get_json()["errors"]
    assert (answer.status_code, fault["pointer"], fault["code"]) == (422, "#/x/1/0", "wrong_type")
    assert "2026-11-23" in fault["hint"]


def test_the_newest_days_test(client: FlaskClient, joined: Base) -> None:
    data = {"dataset": "sales.csv", "target": "sold", "features": ["day"]}
    by_time = {"type": "time", "column": "day", "validation": 0.2, "test": 0.1}
    found = job(client, joined, data=data, split=by_time, epochs=2)

    assert found["spec"]["data"]["features"] == ["day"]
    assert found["test"]["test_cost"] > 0


def test_a_data_set_shows_its_days(client: FlaskClient) -> None:
    made = client.post("/api/v1/datasets?name=sales.csv", data=ROWS, content_type="text/csv").get_json()
    day = next(column for column in made["columns"] if column["name"] == "day")
    rows = client.get(f"/api/v1/datasets/{made['id']}/rows?limit=2").get_json()

    assert day == {
        "name": "day",
        "type": "datetime",
        "missing": 0,
        "min": "2024-01-01T00:00:00Z",
        "max": "2025-02-03T18:00:00Z",
    }
    assert "2024-01-01T06:00:00Z" in str(rows)


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"target": "day"}, "#/data/target"),
        ({"target": "sold", "columns": {"day": {"type": "category"}}}, "#/data/columns/day/type"),
        ({"target": "sold", "columns": {"day": {"type": "number"}}}, "#/data/columns/day/type"),
    ],
)
def test_what_dates_are_not_for_is_told(client: FlaskClient, data: dict[str, Any], pointer: str) -> None:
    client.post("/api/v1/datasets?name=sales.csv", data=ROWS, content_type="text/csv")

    answer = client.post("/api/v1/jobs", json={"data": {"dataset": "sales.csv", **data}, "model": "linear"})

    (fault,) = answer.get_json()["errors"]
    assert (answer.status_code, fault["pointer"], fault["code"]) == (422, pointer, "wrong_type")
    assert "dates or times" in fault["detail"]
