"""What is in a bundle, and that none is handed out whose script answers otherwise than the model."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load

from services.export_errors import ExportDiffers, ExportUnsupported
from services.exports.bundle import bundle
from services.exports.formats import Format
from services.exports.samples import Samples
from services.exports.scripts.assembly import Assembly
from services.exports.scripts.net_source import net_source
from services.exports.scripts.prediction_script import prediction_script
from services.exports.scripts.training_script import training_script
from services.exports.subject import Subject
from services.exports.verification import difference
from services.exports.weight_files import weight_file
from services.training.weights import digest
from tests.export_cases import many_nets, tutorial


@pytest.fixture
def subject(ran: dict[str, Any]) -> Subject:
    """A job on mixed columns."""
    found: Subject = ran["mixed"].subject
    return found


@pytest.fixture
def tried(ran: dict[str, Any]) -> Samples:
    """The rows that validated it."""
    found: Samples = ran["mixed"].samples
    return found


def test_a_bundle_holds_the_weights_the_card_and_the_costs_and_was_tried(subject: Subject, tried: Samples) -> None:
    content, apart = bundle(subject, tried)

    archive = zipfile.ZipFile(io.BytesIO(content))
    assert apart < 1e-6
    assert {
        "model.safetensors",
        "spec.json",
        "preprocessing.json",
        "metrics.csv",
        "README.md",
        "predict.py",
        "train.py",
    } <= set(archive.namelist())
    assert digest(load(archive.read("model.safetensors"))) == tried.predictor.weights_sha256
    assert json.loads(archive.read("spec.json")) == subject.spec
    assert archive.read("metrics.csv").decode().splitlines()[0].startswith("epoch,train_cost,val_cost,lr")
    card = archive.read("README.md").decode()
    assert card.startswith("# rows-1\n\nPredicts price, in original units.")
    assert tried.predictor.weights_sha256 in card
    assert "| city | category | =1+1, Lima, Oslo, N, Seoul" in card


def test_samples_are_the_rows_that_validated(subject: Subject, tried: Samples) -> None:
    assert tried.part == "validation"
    assert len(tried.cells) == 30
    assert len(set(tried.numbers)) == 30


@pytest.mark.parametrize("kind", [Format.STATE_DICT, Format.SAFETENSORS])
def test_a_file_of_weights_has_those_of_the_model(kind: Format, subject: Subject, tried: Samples) -> None:
    content, apart = weight_file(kind, subject, tried)

    found = torch.load(io.BytesIO(content), weights_only=True) if kind is Format.STATE_DICT else load(content)
    found = {name.removeprefix("model."): tensor for name, tensor in found.items()}
    assert digest(found) == tried.predictor.weights_sha256
    assert apart == 0.0
    assert kind is Format.STATE_DICT or content == subject.content


def test_an_answer_that_is_apart_is_refused_by_row(tried: Samples) -> None:
    found = tried.expected.copy()
    found[4, 0] *= 1.01

    with pytest.raises(ExportDiffers) as caught:
        difference(tried, found)

    assert caught.value.members["row"] == tried.numbers[4]
    assert f"In row {tried.numbers[4]} of the data set" in caught.value.detail
    found[4, 0] = float("nan")
    with pytest.raises(ExportDiffers):
        difference(tried, found)


@pytest.mark.parametrize("case", [tutorial, many_nets])
def test_a_script_is_plain_python_without_a_name_too_many_or_too_few(case: object, tmp_path: Path) -> None:
    made = case(tmp_path)  # type: ignore[operator]
    scripts = {
        "predict.py": prediction_script(made.predictor().model, "m", ["x0"]),
        "train.py": training_script(made, made.predictor()),
    }
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)

    checks = [
        "ruff",
        "check",
        "--isolated",
        "--select",
        "F,E9,I,B",
        "--line-length",
        "120",
        *(str(tmp_path / name) for name in scripts),
    ]
    done = subprocess.run([sys.executable, "-m", *checks], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert not any("services." in text for text in scripts.values())


def test_a_net_of_a_plugin_is_not_handed_out_as_source() -> None:
    class Theirs(torch.nn.Module):
        pass

    with pytest.raises(ExportUnsupported):
        net_source(torch.nn.Sequential(Theirs()))


def test_two_things_of_one_name_do_not_come_into_one_script() -> None:
    assembly = Assembly()
    assembly.add("services.exports.plain.features", "scaled")
    assembly.seen["features_of"] = "elsewhere"

    with pytest.raises(ValueError, match="features_of stands in"):
        assembly.add("services.exports.plain.features", "features_of")
