"""Webhooks over HTTP: made, read, tested and deleted, and refused with what to do."""

from typing import Any

import pytest
from flask.testing import FlaskClient

HOOKS = "/api/v1/webhooks"
PUBLIC = "https://93.184.215.14/hook"  # no name, so that nothing is looked up


def test_a_webhook_shows_its_secret_once(client: FlaskClient) -> None:
    made = client.post(HOOKS, json={"url": PUBLIC, "events": ["job.succeeded"]})
    shown = client.get(made.headers["Location"])

    assert made.status_code == 201
    assert made.get_json()["secret"].startswith("whsec_")
    assert shown.get_json() == {k: v for k, v in made.get_json().items() if k != "secret"} | {"deliveries": []}
    assert [found["id"] for found in client.get(HOOKS).get_json()["data"]] == [made.get_json()["id"]]


def test_a_deleted_webhook_is_gone(client: FlaskClient) -> None:
    address = client.post(HOOKS, json={"url": PUBLIC}).headers["Location"]

    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.get(HOOKS).get_json()["data"] == []


def test_a_test_waits_to_be_delivered(client: FlaskClient) -> None:
    address = client.post(HOOKS, json={"url": PUBLIC}).headers["Location"]

    asked = client.post(f"{address}/test")

    assert asked.status_code == 202
    assert asked.get_json()["type"] == "webhook.test"
    assert client.get(address).get_json()["deliveries"] == [asked.get_json()]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"url": "http://127.0.0.1:9/"}, "#/url", "private_address"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "#/url", "private_address"),
        ({"url": "http://[::1]/"}, "#/url", "private_address"),
        ({"url": "https://nowhere.invalid/"}, "#/url", "unknown_host"),
        ({"url": "ftp://93.184.215.14/"}, "#/url", "invalid"),
        ({"url": "https://me:pass@93.184.215.14/"}, "#/url", "invalid"),
        ({"url": "https://93.184.215.14:x/"}, "#/url", "invalid"),
        ({"url": "https://93.184.215.14/a\r\nb"}, "#/url", "invalid"),
        ({"url": PUBLIC, "secret": "hello"}, "#/secret", "invalid"),
        ({"url": PUBLIC, "events": ["job.succeded"]}, "#/events/0", "unknown_value"),
        ({"url": PUBLIC, "event": "*"}, "#/event", "unknown_key"),
        ({}, "#/url", "missing"),
    ],
    ids=str,
)
def test_what_is_no_webhook_is_refused_where_it_is_wrong(
    client: FlaskClient, body: dict[str, Any], pointer: str, code: str
) -> None:
    answer = client.post(HOOKS, json=body)

    assert answer.status_code == 422
    assert [(found["pointer"], found["code"]) for found in answer.get_json()["errors"]] == [(pointer, code)]


def test_a_private_address_is_refused_with_what_to_do(client: FlaskClient) -> None:
    answer = client.post(HOOKS, json={"url": "http://10.0.0.8/hook"}).get_json()

    assert "BATCHYARD_WEBHOOKS_PRIVATE" in answer["errors"][0]["hint"]
