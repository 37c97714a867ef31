"""`predict` and `metrics` against a server that is a function: formats, files, and what is said and not said."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from batchyard.command import main

JOB = {
    "id": "job_1234567890",
    "name": "flowers",
    "status": "succeeded",
    "done": True,
    "best": {"epoch": 2, "metric": "val_cost", "value": 0.5},
    "spec": {"data": {"target": "kind", "features": ["a", "b"]}, "epochs": 2},
}
METRICS = {
    "columns": ["epoch", "train_cost", "val_cost"],
    "data": [[1, 0.9, 1.0], [2, 0.4, "NaN"], [3, 0.2, 0.5]],
}
PARQUET = b"PAR1 of a server PAR1"


class Answers(BaseHTTPRequestHandler):
    """A server with one job whose class is `low` where `a` is below 5."""

    sent: list[tuple[str, bytes]] = []

    def do_GET(self) -> None:
        """Answer a job, its metrics or a list."""
        path = self.path.partition("?")[0]
        if path.endswith("/metrics"):
            self._answer(json.dumps(METRICS).encode())
        elif path == "/api/v1/jobs":
            listed = [{"id": JOB["id"], "name": "flowers", "status": "succeeded"}]
            self._answer(json.dumps({"data": listed, "next": None}).encode())
        else:
            self._answer(json.dumps(JOB).encode())

    def do_POST(self) -> None:
        """Predict."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.sent.append((self.headers["Content-Type"], body))
        if self.headers["Accept"] == "application/vnd.apache.parquet":
            self._answer(PARQUET)
            return
        rows = json.loads(body)["x"]
        if odd := [n for n, row in enumerate(rows) if not row[0].isdecimal()]:
            fault = {"pointer": f"#/x/{odd[0]}/0", "detail": f"is {rows[odd[0]][0]!r}", "hint": "write a number"}
            self._answer(json.dumps({"code": "x", "detail": "1 problem.", "errors": [fault]}).encode(), 422)
            return
        labels = ["low" if float(row[0]) < 5 else "high" for row in rows]
        shares = [[0.25, 0.75] if label == "low" else [0.75, 0.25] for label in labels]
        found = {"predictions": labels, "probabilities": shares, "classes": ["high", "low"], "checkpoint": {"epoch": 2}}
        self._answer(json.dumps(found).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[str]:
    """Yield the address of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """A function that runs the command against the server, in a folder with rows.csv."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "rows.csv").write_text("kind,b,a\nlow,1,2\nhigh,1,7\n")
    Answers.sent.clear()
    with serving() as url:
        yield lambda *arguments, **how: CliRunner().invoke(main, ["-s", url, *arguments], **how)


def test_the_file_of_the_training_is_predicted_without_a_word_about_its_target(run: Callable[..., Result]) -> None:
    found = run("predict", "flowers", "rows.csv")

    assert list(csv.reader(io.StringIO(found.stdout))) == [["prediction"], ["low"], ["high"]]
    assert found.stderr == "from flowers, checkpoint best (epoch 2)\n"
    assert json.loads(Answers.sent[0][1]) == {"x": [["2", "1"], ["7", "1"]]}  # in the order of the model


def test_columns_that_mean_nothing_to_the_model_are_named(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("a,b,colour\n1,2,red\n")

    assert "not used, the model was not trained on them: colour" in run("predict", "flowers", "more.csv").stderr


def test_a_row_that_is_refused_is_named_by_its_place_in_the_whole_file(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "odd.csv").write_text("b,a\n" + "1,2\n" * 1_500 + "1,two\n")

    found = run("predict", "flowers", "odd.csv")

    assert found.exit_code == 2
    assert found.stderr.splitlines()[-1] == "✗ odd.csv, row 1501, a: is 'two'. Write a number"


@pytest.mark.parametrize("how", [["--format", "json"], ["-o", "out.json"]], ids=" ".join)
def test_json_is_one_document_of_all_rows(run: Callable[..., Result], tmp_path: Path, how: list[str]) -> None:
    found = run("predict", "flowers", "rows.csv", "--proba", *how)
    text = found.stdout or (tmp_path / "out.json").read_text()

    assert [row["prediction"] for row in json.loads(text)] == ["low", "high"]
    assert json.loads(text)[0]["probabilities"] == {"high": 0.25, "low": 0.75}


def test_json_lines_come_one_a_row(run: Callable[..., Result]) -> None:
    for how in (["--format", "jsonl"], ["--json"]):
        lines = run("predict", "flowers", "rows.csv", *how).stdout.splitlines()
        assert [json.loads(line)["prediction"] for line in lines] == ["low", "high"]


def test_parquet_goes_in_and_comes_out_as_the_server_makes_it(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 of a user PAR1")

    assert run("predict", "flowers", "rows.csv", "-o", "out.parquet").exit_code == 0
    found = run("predict", "flowers", "rows.parquet", "--format", "parquet")
    assert found.stdout_bytes == PARQUET, found.output

    assert (tmp_path / "out.parquet").read_bytes() == PARQUET
    assert [kind for kind, _ in Answers.sent] == ["text/csv", "application/vnd.apache.parquet"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "rows.csv", "rows.parquet"]


def test_a_curve_is_drawn_as_svg_and_png(run: Callable[..., Result], tmp_path: Path) -> None:
    assert run("metrics", "flowers", "--plot", "curve.svg").exit_code == 0
    assert run("metrics", "--plot", "curve.png", "flowers").exit_code == 0
    assert "train_cost" in run("metrics", "flowers", "--plot").stdout

    assert "<svg" in (tmp_path / "curve.svg").read_text()
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.size == (1280, 720)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    assert {(0x25, 0x63, 0xEB), (0xD9, 0x77, 0x06)} <= colours  # both lines


def test_without_pillow_it_says_what_to_install(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)

    found = run("metrics", "flowers", "-o", "curve.png")

    assert found.exit_code == 1
    assert "pip install 'batchyard[png]'" in found.stderr


def test_names_of_jobs_are_completed_and_a_server_that_is_gone_is_passed_over(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    del run
    how = {"_BATCHYARD_COMPLETE": "bash_complete", "COMP_WORDS": "batchyard show flo", "COMP_CWORD": "2"}
    with serving() as url:
        found = CliRunner().invoke(main, env=how | {"BATCHYARD_URL": url}, prog_name="batchyard")
    gone = CliRunner().invoke(main, env=how | {"BATCHYARD_URL": "http://127.0.0.1:9"}, prog_name="batchyard")

    assert found.stdout.splitlines() == ["plain,flowers"]
    assert (gone.exit_code, gone.output.strip()) == (0, "")


def test_open_prints_the_address_of_the_page(run: Callable[..., Result]) -> None:
    assert run("open", "flowers", "--print").stdout.endswith("/jobs/job_1234567890\n")
