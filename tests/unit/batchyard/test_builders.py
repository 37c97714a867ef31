"""Builders are typed, up to date with the catalog, and say what the server understands."""

import orjson
import pytest
from sklearn.base import clone

import batchyard
from batchyard import layers
from batchyard.specs import as_json
from docs import client_builders
from services.specs.parse.parser import read
from services.specs.schema.catalog import catalog
from services.specs.schema.job import JobSpec


def test_the_files_of_builders_are_up_to_date() -> None:
    outdated = [path.name for path, text in client_builders.generated().items() if path.read_text() != text]

    assert outdated == [], "run: make client"


def test_the_package_offers_each_of_them() -> None:
    assert set(client_builders.names()) <= set(dir(batchyard))
    for name in client_builders.names():
        assert getattr(batchyard, name).__name__ == name
    assert len(client_builders.names()) == sum(
        len(catalog()[kind]) for kind in client_builders.FILES if kind != "layers"
    )


def test_only_what_is_said_is_sent_and_null_is_something_to_say() -> None:
    assert as_json(batchyard.MLP(hidden=[8])) == {"type": "mlp", "hidden": [8]}
    assert as_json(batchyard.MLP(number_embedding=None)) == {"type": "mlp", "number_embedding": None}
    assert repr(batchyard.AdamW(lr=3e-4)) == "AdamW(lr=0.0003)"


def test_the_server_reads_what_a_builder_says() -> None:
    net = batchyard.Layers(
        [layers.Linear(16), layers.ReLU(), layers.Repeat(2, [layers.Linear(16)]), layers.Linear("auto")]
    )
    spec = {
        "data": {"builtin": "iris"},
        "model": as_json(net),
        "optimizer": as_json(batchyard.SGD(lr=0.1, momentum=0.9)),
        "loss": as_json(batchyard.CrossEntropy(label_smoothing=0.1)),
        "scheduler": as_json(batchyard.StepDecay(3)),
    }

    found = read(JobSpec, orjson.dumps(spec))

    assert found.model.layers[2].layers[0].out == 16  # type: ignore[union-attr]
    assert found.scheduler.step_epochs == 3  # type: ignore[union-attr]


def test_an_argument_that_there_is_not_is_refused_with_the_nearest_before_any_request() -> None:
    with pytest.raises(TypeError, match=r"MLP takes no 'hiden'\. Did you mean 'hidden'\?"):
        batchyard.MLP(hiden=[8])  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"ReLU takes no 'slope'\. It takes: nothing"):
        layers.ReLU(slope=1)  # type: ignore[call-arg]


def test_an_estimator_takes_builders() -> None:
    clf = batchyard.RemoteClassifier(
        model=batchyard.MLP(dropout=0.0), hidden=[8], optimizer=batchyard.SGD(momentum=0.9)
    )

    spec = clone(clf)._spec({"type": "none"})

    assert spec["model"] == {"type": "mlp", "dropout": 0.0, "hidden": [8]}
    assert spec["optimizer"] == {"type": "sgd", "momentum": 0.9}
