"""The way of one submit from the door to the tables: its files, its statements, and that no call goes up.

How the files are counted, and why they are not fewer: docs/adr/0011-a-submit-is-one-page.md.
"""

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import SMALL
from tests.rules.walk import Walk, walked

STATEMENTS = 5  #: of the one transaction that writes
READS = 4  #: who submits, the data set, the workers, what the queue says
TO_THE_TABLES = 8  #: files that stand between the request and a statement
OF_THE_ROOMS = 21  #: files of the door, the rooms and the database
IN_ALL = 54  #: from the view on, with the pure functions of specs, models and values
VIEW = "api/jobs.py"
ROOMS = ("api/", "services/wiring/", "services/jobs/", "services/attempts/", "services/queue/", "services/datasets/")
NEW_ROWS = {"x": [[0.5 * n, 1.0 - n] for n in range(12)], "y": [0.25 * n for n in range(12)]}


def submitted(client: FlaskClient, joined: Base, spec: dict[str, Any], key: str | None = "second") -> Walk:
    """Submit twice; return the walk of the second submit, for which nothing has to be imported or compiled."""

    def submit(spec: dict[str, Any], key: str | None) -> None:
        answer = client.post("/api/v1/jobs", json=spec, headers={"Idempotency-Key": key} if key else {})
        assert answer.status_code == 202, answer.get_json()

    submit(SMALL, "first")
    return walked(lambda: submit(spec, key), joined.database.engine)


@pytest.mark.parametrize("key", ["second", None])
@pytest.mark.parametrize(
    "spec",
    [SMALL | {"seed": 1}, SMALL | {"data": NEW_ROWS}, SMALL | {"data": {"builtin": "iris"}}, SMALL | {"name": "mine"}],
    ids=["rows that are there", "new rows", "a sample table", "a name"],
)
def test_a_submit_is_one_transaction_of_few_statements(
    client: FlaskClient, joined: Base, spec: dict[str, Any], key: str | None
) -> None:
    walk = submitted(client, joined, spec, key)

    assert 3 <= len(walk.statements) <= STATEMENTS, walk.statements
    assert 3 <= len(walk.reads) <= READS, walk.reads
    assert not any(statement.startswith(("INSERT", "UPDATE", "DELETE")) for statement in walk.reads)


def test_a_submit_passes_few_files_and_no_call_goes_up(client: FlaskClient, joined: Base) -> None:
    walk = submitted(client, joined, SMALL | {"seed": 1})
    from_the_view = walk.files[walk.files.index(VIEW) :]
    rooms = [path for path in from_the_view if path.startswith((*ROOMS, "services/db/"))]

    assert walk.upward() == []
    assert {VIEW, "services/jobs/submit.py", "services/db/job_rows.py"} <= walk.to_the_tables
    assert len(walk.to_the_tables) <= TO_THE_TABLES, sorted(walk.to_the_tables)
    assert len(rooms) <= OF_THE_ROOMS, rooms
    assert len(from_the_view) <= IN_ALL, from_the_view


def test_the_walk_sees_a_call_that_goes_up() -> None:
    walk = Walk(calls={("services/specs/resolve/tasks.py", "services/jobs/submit.py"), ("api/jobs.py", "api/parts.py")})

    assert walk.upward() == [("services/specs/resolve/tasks.py", "services/jobs/submit.py")]
