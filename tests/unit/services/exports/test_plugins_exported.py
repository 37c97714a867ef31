"""A plug-in's net goes where its code need not go along; a plug-in's data makes a bundle without train.py."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from services.export_errors import ExportUnsupported
from services.exports.bundle import files_of
from services.exports.formats import Format
from services.exports.onnx_columns import Columns
from services.exports.onnx_model import onnx_model
from services.exports.samples import samples
from services.exports.subject import rows_of
from services.exports.support import supported
from services.jobs.resolution import resolve
from services.specs.resolve.facts import Facts, Limits, ModelSizes
from services.specs.resolve.resolved import resolved_json
from services.specs.schema.data import PluginData
from services.specs.schema.job import JobSpec
from services.training.build import build
from services.training.input.plugin_data import look, reopened
from services.training.model_summary import summary
from tests import exported
from tests.export_cases import series
from tests.plugins.install import install

LIMITS = Limits(epochs=1000, parameters=10**6, plugins=("lstm", "spirals"))


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples as `pip install` would leave them, and allowed."""
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.setattr(exported, "LIMITS", LIMITS)


def test_an_lstm_of_a_plugin_answers_the_same_in_onnx_runtime(tmp_path: Path) -> None:
    subject = series(tmp_path, model={"type": "plugin", "name": "lstm"}, epochs=1)
    tried = samples(subject, subject.predictor())

    content, apart = onnx_model(subject, tried)

    runtime = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    columns = Columns.of(tried.predictor, subject.job_spec)
    for rows in (1, len(tried.cells)):
        found = runtime.run(["probabilities"], columns.feed(tried.cells[:rows]))[0]
        np.testing.assert_allclose(found, tried.expected[:rows], atol=1e-5)
    assert apart < 1e-5


def test_the_code_of_a_plugin_is_not_handed_out(tmp_path: Path) -> None:
    subject = series(tmp_path, model={"type": "plugin", "name": "lstm"}, epochs=1)

    reasons = supported(subject.spec, subject.rows.info)

    assert [kind for kind, why in reasons.items() if why] == [Format.MLFLOW, Format.BUNDLE]
    with pytest.raises(ExportUnsupported):
        files_of(subject, samples(subject, subject.predictor()))


def test_a_bundle_of_a_plugins_data_predicts_and_says_why_it_does_not_train(tmp_path: Path) -> None:
    info, sha256 = look(PluginData(name="spirals"))
    spec = JobSpec.model_validate({"data": {"plugin": {"name": "spirals"}}, "model": "linear", "epochs": 1})
    facts = Facts(info, LIMITS, ModelSizes(summary), dataset="x", suggested_target="y")
    resolved = resolve(spec, facts).spec
    training = build(
        resolved, info, reopened(resolved.data.plugin, info, sha256), last=None, stop_requested=lambda: None
    )
    epochs = exported.trained(training)
    rows = rows_of(info, dataset="spirals", sha256=sha256, format="plugin", dialect=None, table=None)
    other = series(tmp_path, epochs=1)
    subject = replace(other, spec=resolved_json(resolved), rows=rows, epochs=epochs, content=training.best_bytes())
    tried = samples(subject, subject.predictor())

    files = files_of(subject, tried)
    (tmp_path / "bundle").mkdir()
    for name, content in files.items():
        (tmp_path / "bundle" / name).write_bytes(content)
    new = exported.csv_of({name: cells for name, *cells in zip(*tried.texts, strict=True)})
    (tmp_path / "bundle" / "new.csv").write_text(new)
    (printed,) = exported.bare([[str(tmp_path / "bundle" / "predict.py"), str(tmp_path / "bundle" / "new.csv")]])

    assert len(printed.splitlines()) == len(tried.cells) + 1
    assert "train.py" not in files
    assert "its rows are the items of a plug-in." in files["README.md"].decode()
