"""`client.models` and `batchyard models` against a real server: register, move, gate, predict, delete."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import batchyard
from batchyard.command import main
from batchyard.errors import Conflict, NotFound
from services.db.engine import Database
from services.db.schema import migrate
from services.specs.resolve.facts import ModelSizes
from services.training.model_summary import summary
from services.wiring.base import Intake, base
from tests.conftest import QUICK
from tests.make import make_job, train
from tests.served import served

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(0, 1, (200, 2))
DATA = {"x": X.round(4).tolist(), "y": (X @ np.array([2.0, -1.0])).round(4).tolist()}
FAST = {"type": "adam", "lr": 0.05}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[str]:
    """A server with the trained job `good` and the hardly trained `poor` on the same rows."""
    folder: Path = tmp_path_factory.mktemp("registry")
    settings = replace(QUICK, storage_dir=folder / "data")
    with closing(Database(settings)) as database:
        migrate(database)
    rooms = base(settings, Intake(ModelSizes(summary)))
    train(rooms, make_job(rooms, name="good", data=DATA, epochs=20, optimizer=FAST).id)
    train(rooms, make_job(rooms, name="poor", data=DATA, epochs=1).id)
    rooms.database.close()
    with served(settings, valkey_url, folder / "log") as running:
        yield f"http://127.0.0.1:{running.port}"


def run(url: str, *words: str) -> Result:
    """What the command prints, as a shell would start it."""
    return CliRunner().invoke(main, ["models", *words], env={"BATCHYARD_URL": url})


def test_the_client_registers_moves_predicts_and_deletes(url: str) -> None:
    with batchyard.Client(url) as by:
        model = by.models.register("prices", "good")
        first = model.move("champion", 1)
        second = model.register("poor")
        with pytest.raises(Conflict) as refused:
            model.move("champion", 2, gate=True)
        forced = model.move("champion", 2, gate=True, force=True, reason="a trial", seen=first)
        with pytest.raises(batchyard.APIError):
            model.move("champion", 1, seen=first)

        rows = {"x1": [0.5, -1.0], "x0": [1.0, 2.0]}  # in another order than in training
        ordered = [[1.0, 0.5], [2.0, -1.0]]
        good, poor = by.job("good").predict(ordered), by.job("poor").predict(ordered)
        assert list(model.predict(rows, version=1)) == list(good)
        assert list(model.predict(rows, alias="champion")) == list(model.predict(rows)) == list(poor) != list(good)

        assert (second["version"], model.aliases, forced) == (2, {"champion": 2}, '"2"')
        assert refused.value.problem["report"]["challenger"] == 2
        assert [(move["to_version"], move["reason"]) for move in model.history("champion")] == [
            (2, "a trial"),
            (1, None),
        ]
        assert [entry.name for entry in by.models.list()] == ["prices"]
        with pytest.raises(Conflict):
            model.delete_version(2)
        model.delete_alias("champion")
        model.delete_version(2)
        assert [version["version"] for version in model.versions] == [1]
        with pytest.raises(NotFound):
            by.models.get("nothing")


def test_the_command_says_the_same(url: str) -> None:
    number = run(url, "register", "houses", "good").stdout
    run(url, "register", "houses", "poor", "--checkpoint", "last")
    moved = run(url, "alias", "houses", "champion", "1")
    refused = run(url, "alias", "houses", "champion", "2", "--gate")
    forced = run(url, "alias", "houses", "champion", "2", "--force", "--reason", "a trial")

    assert (number, moved.exit_code, refused.exit_code, forced.exit_code) == ("1\n", 0, 8, 0)
    assert "costs more than 1" in refused.stderr
    assert "houses" in run(url, "ls").stdout
    assert "@champion" in run(url, "show", "houses").stdout.splitlines()[0]
    assert json.loads(run(url, "show", "houses", "--json").stdout)["aliases"][0]["version"] == 2
    assert "1 → 2  forced: a trial" in run(url, "history", "houses", "champion").stdout
    assert run(url, "rm", "houses").exit_code == 2
    assert run(url, "rm", "houses", "--alias", "champion").exit_code == 0
    assert run(url, "rm", "houses", "--version", "2").exit_code == 0
    assert len(json.loads(run(url, "show", "houses", "--json").stdout)["versions"]) == 1
