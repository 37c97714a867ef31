"""The pages over Flask's client: what a browser gets, and who may send a form."""

import gzip
import io
import math
import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from services.db.tables import Epoch, Job
from services.wiring.base import Base

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JOB = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 5}


def submitted(client: FlaskClient, **changes: object) -> str:
    """Submit a job and return its id."""
    answer = client.post("/api/v1/jobs", json=JOB | changes)
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def token(client: FlaskClient, path: str = "/new?builtin=iris") -> str:
    """Open a page and return the token of its forms."""
    found = re.search(r'name="form_token" value="([^"]+)"', client.get(path, headers=HTML).text)
    assert found
    return found[1]


@pytest.mark.parametrize("accept", ["*/*", "application/json", None])
def test_the_address_gives_data_to_whoever_is_no_browser(client: FlaskClient, accept: str | None) -> None:
    answer = client.get("/", headers={"Accept": accept} if accept else {})

    assert {"jobs", "docs", "openapi"} <= set(answer.json["urls"])
    assert all(client.get(url).status_code == 200 for url in answer.json["urls"].values())


def test_a_page_allows_its_own_scripts_only_and_holds_none(client: FlaskClient) -> None:
    job = submitted(client)
    for path in ("/", "/new", "/compare", "/datasets", "/queue", "/models", "/about", "/docs", f"/jobs/{job}"):
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 200, path
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", answer.text), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text), path


def test_all_scripts_and_styles_together_are_small(app: Flask) -> None:

    folder = Path(app.blueprints["pages"].static_folder or "")
    sizes = [len(gzip.compress(path.read_bytes())) for path in folder.iterdir() if path.suffix in {".js", ".css"}]

    assert len(sizes) >= 6
    assert sum(sizes) < 150 * 1024


@pytest.mark.parametrize("sent", [{}, {"form_token": "guessed"}])
def test_a_form_without_the_browsers_token_is_refused(client: FlaskClient, sent: dict[str, str]) -> None:
    job = submitted(client)
    token(client)

    assert client.post(f"/jobs/{job}/cancel", data=sent).status_code == 403
    assert client.post("/sample", data=sent).status_code == 403
    assert client.get(f"/api/v1/jobs/{job}").json["status"] == "queued"


def test_a_page_of_another_origin_is_refused_even_with_the_token(client: FlaskClient) -> None:
    job, known = submitted(client), token(client)
    for origin in ("http://evil.example", "null", "http://localhost:1"):
        answer = client.post(f"/jobs/{job}/cancel", data={"form_token": known}, headers={"Origin": origin})
        assert answer.status_code == 403
    done = client.post(f"/jobs/{job}/cancel", data={"form_token": known}, headers={"Origin": "http://localhost"})

    assert done.status_code == 303
    assert client.get(f"/api/v1/jobs/{job}").json["status"] == "cancelled"


def test_a_job_that_never_was_names_the_nearest(client: FlaskClient) -> None:
    submitted(client, name="iris-large")

    answer = client.get("/jobs/iris-larg", headers=HTML)

    assert answer.status_code == 404
    assert 'Did you mean <a href="/jobs/iris-large">' in answer.text


def test_an_address_that_is_nowhere_is_a_page_for_browsers_and_a_problem_for_the_api(client: FlaskClient) -> None:
    assert "<h1>" in client.get("/nowhere", headers=HTML).text
    assert client.get("/nowhere").json["code"] == "not_found"
    assert client.get("/api/v1/nowhere", headers=HTML).json["code"] == "not_found"


def test_a_data_set_in_use_says_which_jobs_need_it(client: FlaskClient) -> None:
    rows = "a,b,kind\n" + "".join(f"{n},{n % 3},{'xy'[n % 2]}\n" for n in range(40))
    data = {"form_token": token(client), "file": (io.BytesIO(rows.encode()), "few rows.csv")}
    answer = client.post("/new/upload", data=data)
    assert answer.status_code == 303
    dataset = answer.headers["Location"].rpartition("=")[2]
    form = {"dataset": dataset, "target": "kind", "model": "linear", "epochs": "3", "form_token": token(client)}
    started = client.post("/new", data=form)
    assert started.status_code == 303
    job = started.headers["Location"].rpartition("/")[2]

    answer = client.post(f"/datasets/{dataset}/delete", data={"form_token": form["form_token"]}, headers=HTML)

    assert answer.status_code == 409
    assert f'<a href="/jobs/{job}">' in answer.text


def test_the_form_of_a_new_job_says_every_fault_and_keeps_what_was_typed(client: FlaskClient) -> None:
    form = {"builtin": "iris", "model": "mlp", "hidden": "8, x", "epochs": "-1", "form_token": token(client)}

    answer = client.post("/new", data=form, headers=HTML)

    assert answer.status_code == 422
    assert 'value="8, x"' in answer.text
    assert "not a whole number" in unescape(answer.text)


def test_the_curves_of_ten_thousand_epochs_are_thinned(client: FlaskClient, joined: Base) -> None:
    job_id = submitted(client)
    with joined.database.transaction() as session:
        done = {"epochs_done": 10_000, "best_epoch": 9_999, "best_value": 0.1}
        session.execute(update(Job).where(Job.id == job_id).values(**done))
        row = {"job_id": job_id, "attempt": 1, "lr": 0.1, "seconds": 0.1, "rows_per_second": 1.0, "best": False}
        session.execute(
            insert(Epoch),
            [
                row
                | {"epoch": n, "train_cost": None if n == 5_000 else 1 / n, "val_cost": math.sin(n)}
                | {"metrics": {"val_accuracy": n / 10_000}}
                for n in range(1, 10_001)
            ],
        )

    assert client.get(f"/jobs/{job_id}", headers=HTML).status_code == 200
    charts = client.get(f"/jobs/{job_id}/curves").json["charts"]
    cost = charts[0]
    assert all(len(chart["epochs"]) <= 1_500 for chart in charts)
    assert cost["gaps"] == [5_000]
    assert cost["lines"]["train_cost"][cost["epochs"].index(5_000)] == "NaN"
    assert [chart["name"] for chart in charts] == ["cost", "accuracy", "lr"]


def test_the_stream_says_what_moved(client: FlaskClient) -> None:
    job_id = submitted(client)

    first = next(iter(client.get(f"/live?topics=jobs,{job_id},job_none").response))
    assert b"retry" in first
    answer = client.get(f"/live?topics={','.join(f'job_{n}' for n in range(101))}")
    assert answer.status_code == 422
