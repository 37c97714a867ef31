"""What the API says while its bucket is away, and that it never says a key."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from services.errors import NotReady
from services.objects.store import ObjectStore
from tests.hold import until
from tests.integration.storage.conftest import Hosts
from tests.integration.storage.test_datasets_on_s3 import upload
from tests.s3 import ACCESS, SECRET

INLINE = {"data": {"x": [[1.0], [2.0]], "y": [1.0, 2.0]}, "model": "linear"}


@pytest.fixture
def app(hosts: Hosts, valkey: str) -> Iterator[Flask]:
    """The application on a bucket; it has little patience."""
    app = create_app(hosts.settings("api", storage_timeout_s=0.3, redis_url=valkey))
    app.extensions["batchyard"].load_predictions()
    yield app
    app.extensions["batchyard"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()


def readiness(client: FlaskClient) -> tuple[int, str, dict[str, Any]]:
    """Return the status of `/readyz`, what it says, and what it says of the bucket."""
    answer = client.get("/readyz")
    return answer.status_code, answer.get_json()["status"], answer.get_json()["checks"]["s3"]


def test_while_the_bucket_is_away_what_it_must_store_is_refused_with_when_to_try_again(
    hosts: Hosts, client: FlaskClient
) -> None:
    upload(hosts.host("api"))
    hosts.s3.stop()

    refused = client.post("/api/v1/jobs", json=INLINE)
    named = client.post("/api/v1/jobs", json={"data": {"dataset": "rows.csv", "target": "y"}, "model": "linear"})
    status, word, bucket = readiness(client)
    hosts.s3.resume()

    assert (refused.status_code, refused.headers["Retry-After"], refused.get_json()["retryable"]) == (503, "2", True)
    assert refused.get_json()["detail"] == "The bucket batchyard-tests on S3 does not answer."
    assert named.status_code == 202  # its data is stored already
    assert (status, word, bucket["error"]) == (200, "degraded", refused.get_json()["detail"])
    until(lambda: readiness(client)[:2] == (200, "ok"))
    until(lambda: client.post("/api/v1/jobs", json=INLINE).status_code == 202)


def test_no_answer_and_no_log_holds_a_key(hosts: Hosts, client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    said = [client.get(page).text for page in ("/readyz", "/about", "/api/v1", "/metrics")]
    wrong = hosts.settings("other")
    for change in ({"storage_secret_key": "wrong"}, {"storage_access_key": "unknown-to-it"}):
        objects = ObjectStore.of(wrong.__class__(**vars(wrong) | change))
        assert objects
        with pytest.raises(NotReady, match="BATCHYARD_STORAGE_ACCESS_KEY") as refused:
            objects.check()
        said += [refused.value.detail, json.dumps(refused.value.members), repr(objects.address), repr(wrong)]
    hosts.s3.stop()
    said += [client.post("/api/v1/jobs", json=INLINE).text, client.get("/about").text]
    hosts.s3.resume()

    log = capfd.readouterr()
    for text in (*said, log.out, log.err):
        assert SECRET not in text
        assert ACCESS not in text
