"""The client gives bytes that a server already has the name that they are pushed under."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from batchyard import Client, InvalidSpec

KNOWN = {"id": "ds_1", "object": "dataset", "name": "old.csv", "rows": 1, "size_bytes": 8, "columns": []}


class Server:
    """A server that has the bytes; an old one can't rename."""

    def __init__(self, *, old: bool = False) -> None:
        self.old = old
        self.name = "old.csv"
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.method)
        if request.method == "PATCH" and self.old:
            return httpx2.Response(405, json={"title": "Not here.", "status": 405, "code": "method_not_allowed"})
        if request.method == "PATCH":
            self.name = json.loads(request.content)["name"]
        found: dict[str, Any] = KNOWN | {"name": self.name, "sha256": request.url.params.get("sha256", "0")}
        return httpx2.Response(200, json={"data": [found]} if "sha256" in request.url.params else found)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A file of two lines."""
    (tmp_path / "new.csv").write_text("a,b\n1,2\n")
    return tmp_path / "new.csv"


@pytest.mark.parametrize(("name", "shown"), [("mine.csv", "mine.csv"), (None, "new.csv")])
def test_bytes_that_are_known_get_the_name_just_given(rows: Path, name: str | None, shown: str) -> None:
    server = Server()
    found = Client("http://server", transport=httpx2.MockTransport(server)).datasets.upload(rows, name=name)

    assert (found.name, found.was_sent, server.name) == (shown, False, shown)
    assert "POST" not in server.asked


def test_an_older_server_keeps_the_name(rows: Path) -> None:
    by = Client("http://server", transport=httpx2.MockTransport(Server(old=True)))

    assert by.datasets.upload(rows).name == "old.csv"


def test_a_table_without_a_name_renames_nothing() -> None:
    server = Server()
    by = Client("http://server", transport=httpx2.MockTransport(server))

    assert by.datasets.upload([[1, 2], [3, 4]]).name == "old.csv"
    assert server.asked == ["GET"]


def test_a_file_that_is_refused_is_named_with_the_line_and_what_to_do(rows: Path) -> None:
    fault = {"pointer": "#/data", "detail": "two columns are named 'a'", "hint": "rename one", "location": {}}
    fault["location"] = {"line": 1, "row": -1, "column": 2}

    def refuse(request: httpx2.Request) -> httpx2.Response:
        problem = {"code": "validation_error", "detail": "1 problem.", "errors": [fault]}
        return (
            httpx2.Response(422, json=problem) if request.method == "POST" else httpx2.Response(200, json={"data": []})
        )

    with pytest.raises(InvalidSpec) as caught:
        Client("http://server", transport=httpx2.MockTransport(refuse)).datasets.upload(rows)

    assert str(caught.value) == "new.csv: two columns are named 'a' (line 1, column 2). Rename one"
