"""Two API processes on one database: what one of them changes, the other knows, whatever it remembers."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from api import create_app
from services.accounts.scopes import ALL
from services.settings import Settings
from services.wiring.api import Api
from tests.integration.accounts.clients import with_token
from tests.make import SMALL, make_job, train

ROW = {"x": [[1.0, 2.0]]}
PATIENCE_S = 30.0  #: a second is promised, which `test_hot_swap` measures while nothing else runs


class Pair:
    """Two applications that share a database and nothing else, as two processes do, and a key of alice."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        apps = [create_app(settings) for _ in range(2)]
        self.parts: list[Api] = [stack.enter_context(closing(app.extensions["batchyard"])) for app in apps]
        self.key, token = self.parts[0].base.accounts.keys.create("alice", scopes=ALL)
        self.here, self.there = (with_token(app, token) for app in apps)
        for parts in self.parts:
            parts.load_predictions()


@pytest.fixture
def pair(settings: Settings, valkey: str) -> Iterator[Pair]:
    """Two applications."""
    with ExitStack() as stack:
        yield Pair(replace(settings, redis_url=valkey, auth="keys"), stack)


def test_what_one_process_changes_the_other_serves(pair: Pair) -> None:
    base = pair.parts[0].base
    jobs = [train(base, make_job(base, "alice", seed=seed, name=f"j{seed}").id, "alice").id for seed in range(2)]
    for job in jobs:
        pair.here.post("/api/v1/models/m/versions", json={"job": job})
    expected = [pair.here.post(f"/api/v1/jobs/{job}/predict", json=ROW).json["predictions"] for job in jobs]
    predict = "/api/v1/models/m@champion/predict"
    pair.here.put("/api/v1/models/m/aliases/champion", json={"version": 1})
    becomes(lambda: pair.there.post(predict, json=ROW).status_code, 200)
    before = pair.there.post(predict, json=ROW).json["predictions"]

    pair.here.put("/api/v1/models/m/aliases/champion", json={"version": 2})
    becomes(lambda: pair.there.post(predict, json=ROW).json["predictions"], expected[1])
    gone = [
        process.delete(path).status_code
        for process, path in (
            (pair.here, "/api/v1/models/m/aliases/champion"),
            (pair.there, "/api/v1/models/m/versions/2"),
            (pair.there, f"/api/v1/jobs/{jobs[1]}"),
        )
    ]

    assert gone == [204] * 3
    assert (before, expected[0] != expected[1]) == (expected[0], True)
    becomes(lambda: pair.there.post(predict, json=ROW).status_code, 404)
    becomes(lambda: pair.here.post(f"/api/v1/jobs/{jobs[1]}/predict", json=ROW).status_code, 404)
    assert pair.here.get(f"/api/v1/jobs/{jobs[1]}").status_code == 404


def test_a_stream_of_one_process_tells_what_the_other_does(pair: Pair) -> None:
    job = pair.here.post("/api/v1/jobs", json=SMALL).json["id"]
    stream = pair.there.get(f"/api/v1/jobs/{job}/events", headers={"Accept": "text/event-stream"}).iter_encoded()
    heard = next(stream) + next(stream)

    pair.here.post(f"/api/v1/jobs/{job}/cancel")
    heard += b"".join(stream)  # it ends with the job

    numbers = [int(line[4:]) for line in heard.decode().splitlines() if line.startswith("id: ")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert b"event: end" in heard


def test_a_key_is_revoked_and_a_submit_is_known_in_both(pair: Pair) -> None:
    keyed = {"Idempotency-Key": "once"}
    first = pair.here.post("/api/v1/jobs", json=SMALL, headers=keyed).json["id"]

    again = pair.there.post("/api/v1/jobs", json=SMALL, headers=keyed)
    pair.here.delete(f"/api/v1/keys/{pair.key.id}")

    assert again.json["id"] == first
    assert sum(pair.parts[1].base.jobs.listing.counts("alice").values()) == 1
    assert pair.here.get("/api/v1/jobs").status_code == 401
    becomes(lambda: pair.there.get("/api/v1/jobs").status_code, 401)


def becomes(look: Callable[[], object], expected: object) -> None:
    """Wait until a look finds what is expected."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := look()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
