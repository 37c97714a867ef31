"""The dashboard and the alert rules name only metrics that exist, with labels that they have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from api import create_app
from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings

FILES = Path(__file__).parents[3] / "docker/monitoring"
NAME = re.compile(r"\b(?:batchyard|process)_[a-z0-9_]+")
LABELS = re.compile(r"{(\w+)=|by \(([\w, ]+)\)|{{ ?(?:\$labels\.)?(\w+) ?}}|ignoring\((\w+)\)")
OF_PROMETHEUS = {"job", "le"}


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every expression with the texts that show its labels."""
    for panel in json.loads((FILES / "dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"], target["expr"] + target["legendFormat"]
    for group in yaml.safe_load((FILES / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"], rule["expr"] + rule["annotations"]["summary"]


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[dict[str, set[str]]]:
    """The names of all samples, each with its labels."""
    own = Settings(storage_dir=tmp_path_factory.mktemp("monitoring"), redis_url=valkey_url)
    migrate(Database(own))
    app: Flask = create_app(own)
    app.extensions["batchyard"].load_predictions()
    client = app.test_client()
    client.get("/healthz")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    yield found
    app.extensions["batchyard"].close()


@pytest.mark.parametrize(("expression", "words"), list(expressions()))
def test_an_expression_names_metrics_and_labels_that_exist(
    expression: str, words: str, series: dict[str, set[str]]
) -> None:
    names = NAME.findall(expression)
    labels = {label for found in LABELS.findall(words) for group in found for label in group.split(", ") if label}

    assert names or expression == 'up{job="batchyard"} == 0'
    assert set(names) <= set(series)
    assert labels - OF_PROMETHEUS <= set().union(*(series[name] for name in names))


def test_the_guide_explains_every_metric_of_the_service(series: dict[str, set[str]]) -> None:
    page = (FILES.parents[1] / "docs/how-to/monitor.md").read_text()
    families = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in series if name.startswith("batchyard_")}

    assert families - {"batchyard_build_info"} == set(NAME.findall(page))
