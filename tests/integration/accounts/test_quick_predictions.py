"""Predictions that ask no database, on the real server: the key is looked at there as well."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.accounts.scopes import Scope
from services.db.engine import Database
from services.db.schema import migrate
from services.specs.resolve.facts import ModelSizes
from services.training.model_summary import summary
from services.wiring.base import Base, Intake, base
from tests.conftest import QUICK
from tests.make import make_job, train
from tests.served import Heard, Served, served

BODY = json.dumps({"x": [[1.0, 1.0]]}).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[tuple[Served, Base]]:
    """A server that asks for keys, with a trained job `m` of alice's."""
    folder: Path = tmp_path_factory.mktemp("served")
    settings = replace(QUICK, storage_dir=folder / "data")
    with closing(Database(settings)) as database:
        migrate(database)
    rooms = base(settings, Intake(ModelSizes(summary)))
    train(rooms, make_job(rooms, owner="alice", name="m").id, "alice")
    with served(settings, valkey_url, folder / "log", auth="keys") as running:
        yield running, rooms
    rooms.database.close()


def predict(server: Served, token: str) -> Heard:
    """Ask for a prediction as a client that knows only its key would."""
    return server.ask("POST /api/v1/jobs/m/predict", BODY, Authorization=f"Bearer {token}")


def test_a_warm_prediction_is_its_owners_alone(server: tuple[Served, Base]) -> None:
    at, rooms = server
    alice = rooms.accounts.keys.create("alice")[1]
    bob = rooms.accounts.keys.create("bob")[1]
    reader = rooms.accounts.keys.create("alice", scopes=(Scope.READ,))[1]

    warm = [predict(at, alice).status for _ in range(3)]

    assert warm == [200, 200, 200]
    assert predict(at, bob).status == 404
    assert predict(at, reader).status == 403
    assert predict(at, "by_" + "0" * 52).status == 401
    assert predict(at, alice[:-1]).status == 401
    assert at.ask("POST /api/v1/jobs/m/predict", BODY).status == 401
    assert at.ask(f"POST /api/v1/jobs/m/predict?api_key={alice}", BODY).status == 401


def test_a_key_that_is_revoked_or_over_gets_no_warm_prediction(server: tuple[Served, Base]) -> None:
    at, rooms = server
    view, token = rooms.accounts.keys.create("alice")
    for seconds in (2, 20, 200):  # it is not over before it was of use, however slow this machine is
        began = time.monotonic()
        short = rooms.accounts.keys.create("alice", lifetime=timedelta(seconds=seconds))[1]
        answers = [predict(at, one).status for one in (token, short, token, short)]
        if time.monotonic() - began < seconds:
            break
    assert answers == [200] * 4

    rooms.accounts.keys.revoke(view.id)
    began = time.monotonic()
    while predict(at, token).status == 200:
        assert time.monotonic() - began < 5
        time.sleep(0.02)
    while predict(at, short).status == 200:
        assert time.monotonic() - began < seconds + 8
        time.sleep(0.02)

    assert predict(at, token).status == predict(at, short).status == 401


def test_a_limit_of_rows_holds_for_a_warm_prediction(server: tuple[Served, Base]) -> None:
    at, rooms = server
    token = rooms.accounts.keys.create("alice")[1]
    assert predict(at, token).status == 200

    rooms.accounts.quotas.change("alice", {"predict_rows": 0})
    began = time.monotonic()
    while (refused := predict(at, token)).status == 200 and time.monotonic() - began < 1:
        time.sleep(0.02)
    rooms.accounts.quotas.change("alice", {"predict_rows": None})

    assert refused.status == 413


def test_the_answer_is_the_same_with_a_key_as_without(server: tuple[Served, Base]) -> None:
    at, rooms = server
    token = rooms.accounts.keys.create("alice")[1]

    quick = predict(at, token).json()
    usual = at.ask(
        "POST /api/v1/jobs/m/predict", BODY, Authorization=f"Bearer {token}", Origin="http://127.0.0.1"
    ).json()

    assert quick == usual
