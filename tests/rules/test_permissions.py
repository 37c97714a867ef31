"""Every route says which scope of a key it needs, and few need none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from api import create_app, permissions
from services.settings import Settings

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
#: Routes that change nothing, or nothing that belongs to an owner, though their method is one that could.
HARMLESS = {"inference.index", "pages.log_in", "pages.log_out"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The application; its threads end with the test."""
    app = create_app(Settings(storage_dir=tmp_path))
    yield app
    app.extensions["batchyard"].load_predictions()
    app.extensions["batchyard"].close()


def test_every_route_says_what_it_needs_and_nothing_else_is_in_the_list(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(permissions.NEEDED)


def test_the_list_names_each_route_once() -> None:
    names = [name for words in permissions._NEEDED.values() for name in words.split()]

    assert len(names) == len(set(names))


def test_only_health_and_the_way_in_are_open() -> None:
    still_open = {name for name, needed in permissions.NEEDED.items() if needed == permissions.OPEN}

    assert still_open == {"service.health", "service.ready", "pages.static", "pages.login", "pages.log_in"}


def test_a_route_that_changes_something_is_not_opened_by_a_key_that_only_reads(app: Flask) -> None:
    changing = {rule.endpoint for rule in app.url_map.iter_rules() if CHANGING & (rule.methods or set())} - HARMLESS

    assert changing
    assert {name for name in changing if permissions.READ in permissions.NEEDED[name]} == set()


def test_a_route_that_is_not_in_the_list_is_opened_by_no_key() -> None:
    assert permissions.needed("jobs.forgotten") is None
    assert permissions.needed(None) is None
