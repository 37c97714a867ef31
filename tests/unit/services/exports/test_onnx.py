"""ONNX and torch.export answer as the stored model does, run by what others run them with."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from services.exports.onnx_columns import Columns
from services.exports.onnx_model import onnx_model
from services.exports.samples import Samples, samples
from services.exports.support import supported
from services.exports.torch_program import torch_program
from services.exports.whole_model import WholeModel, normal_quantile
from tests.export_cases import CASES, STEPS, mixed
from tests.exported import csv_of, make_subject


def session(content: bytes) -> onnxruntime.InferenceSession:
    """What ONNX Runtime makes of a model."""
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def answers(found: list[np.ndarray], tried: Samples) -> np.ndarray:
    """The numbers among the outputs: (rows, answers)."""
    regression = tried.predictor.preprocessing.task == "regression"
    return np.concatenate(found, 1) if regression else found[1]


@pytest.mark.parametrize("case", ["tutorial", "pictures", "series", "recurrent"])
def test_onnx_runtime_answers_as_the_stored_model_for_any_number_of_rows(case: str, ran: dict[str, Any]) -> None:
    subject, tried = ran[case].subject, ran[case].samples
    columns = Columns.of(tried.predictor, subject.job_spec)

    content, apart = onnx_model(subject, tried)

    runtime = session(content)
    assert apart < 1e-5
    assert [given.name for given in runtime.get_inputs()] == columns.names
    assert {given.shape[0] for given in runtime.get_inputs()} == {"batch"}
    assert runtime.get_outputs()[0].name == "prediction"
    for rows in (1, len(tried.cells)):
        found = runtime.run(None, columns.feed(tried.cells[:rows]))
        np.testing.assert_allclose(answers(found, tried), tried.expected[:rows], rtol=1e-4, atol=1e-5)
        if tried.predictor.preprocessing.classes:
            best = tried.expected[:rows].argmax(1)
            assert found[0].tolist() == [tried.predictor.preprocessing.classes[n] for n in best]


def test_an_onnx_model_takes_texts_and_numbers_that_are_missing_or_new(tmp_path: Path) -> None:
    subject = mixed(tmp_path, epochs=1, model={"type": "mlp", "hidden": [8], "number_embedding": None})
    tried = samples(subject, subject.predictor())

    content, _ = onnx_model(subject, tried)
    runtime = session(content)

    kinds = {given.name: (given.type, given.shape) for given in runtime.get_inputs()}
    assert kinds["age"] == ("tensor(float)", ["batch", 1])
    assert kinds["city"] == kinds["item"] == ("tensor(string)", ["batch", 1])
    assert kinds["member"] == ("tensor(float)", ["batch", 1])
    rows = {"age": [20.5, np.nan], "member": [1.0, np.nan], "skewed": [1.0, np.nan]}
    feed = {name: np.array(values, dtype=np.float32)[:, None] for name, values in rows.items()}
    feed |= {"city": np.array([["Atlantis"], ["NA"]], dtype=object), "item": np.array([["item 3"], [""]], dtype=object)}
    (found,) = runtime.run(None, feed)
    # 2 categories that training did not have: -1; no value: NaN. Source: services/predictions/decoder.py.
    item = tried.predictor.preprocessing.inputs[3].values.index("item 3")
    cells = np.array([[20.5, -1, 1, item, 1], [np.nan] * 5], dtype=np.float32)
    np.testing.assert_allclose(found, tried.predictor.values(cells).numpy(), rtol=1e-5)
    assert runtime.get_modelmeta().custom_metadata_map["weights_sha256"] == tried.predictor.weights_sha256


@pytest.mark.parametrize(("case", "columns"), [("quantiles", ["a", "b"]), ("recurrent", [*STEPS])])
def test_torch_export_answers_as_the_stored_model_and_says_what_cells_are(
    case: str, columns: list[str], ran: dict[str, Any]
) -> None:
    subject, tried = ran[case].subject, ran[case].samples

    content, apart = torch_program(subject, tried)

    beside = {"preprocessing.json": ""}
    program = torch.export.load(io.BytesIO(content), extra_files=beside).module()
    found = program(torch.from_numpy(tried.cells[:3]))
    assert apart < 1e-6
    np.testing.assert_allclose(torch.cat(found, 1).detach().numpy(), tried.expected[:3], rtol=1e-5)
    assert [column["name"] for column in json.loads(beside["preprocessing.json"])["inputs"]] == columns


@pytest.mark.parametrize("case", CASES)
def test_the_whole_model_has_the_same_preprocessing(case: str, ran: dict[str, Any]) -> None:
    tried = ran[case].samples

    with torch.inference_mode():
        found = WholeModel(tried.predictor).eval()(torch.from_numpy(tried.cells))

    np.testing.assert_allclose(answers([it.numpy() for it in found], tried), tried.expected, rtol=1e-5, atol=1e-6)


def test_normal_quantiles_are_those_of_torch() -> None:
    shares = torch.linspace(1e-7, 1 - 1e-7, 20_001, dtype=torch.float64)

    apart = (normal_quantile(shares) - torch.special.ndtri(shares)).abs()

    assert float(apart.max()) < 1e-7


def test_dates_are_told_apart_from_what_onnx_takes(tmp_path: Path) -> None:
    days = [f"2026-0{1 + n % 9}-11" for n in range(40)]
    subject = make_subject(tmp_path, csv_of({"day": days, "y": range(40)}), data={"target": "y"}, epochs=1)

    reasons = supported(subject.spec, subject.rows.info)

    assert "'day' holds dates" in str(reasons["onnx"])
    assert reasons["bundle"] is None
