"""The document is valid, and the service keeps to it whatever is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings, strategies
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from api import create_app
from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application over a SQLite of its own, without a Redis."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    own = Settings(storage_dir=folder, redis_url="redis://127.0.0.1:1/0", stream_s=0.2, max_wait_s=0.2)
    migrate(Database(own))
    app = create_app(own)
    yield app
    app.extensions["batchyard"].load_predictions()
    app.extensions["batchyard"].close()


@pytest.fixture(scope="module")
def document(app: Flask) -> schemathesis.BaseSchema:
    """The service's own OpenAPI document."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


def test_the_document_is_valid_openapi(app: Flask) -> None:
    validate(app.test_client().get("/api/v1/openapi.json").get_json())


@given(data=strategies.data())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_the_document_describes_breaks_the_service(
    document: schemathesis.BaseSchema, data: strategies.DataObject
) -> None:
    operations = [found.ok() for found in document.get_all_operations()]
    operation = data.draw(strategies.sampled_from(operations))
    case = data.draw(operation.as_strategy())

    response = case.call()

    assert response.status_code < 500 or response.status_code in {503, 507}
    case.validate_response(response, checks=[content_type_conformance, response_schema_conformance])
