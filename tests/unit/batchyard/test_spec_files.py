"""Specs in files: what they say, and on which line."""

import pytest

from batchyard import spec_files, specs
from batchyard.errors import InvalidTable
from services.specs.schema.job import JobSpec

YAML = "# a job\ndata:\n  builtin: iris\noptimizer:\n  lr: 1e-3\nmodel:\n  layers:\n    - relu\n    - {type: linear}\n"
JSON = '{"data": {"builtin": "iris"},\n "optimizer": {\n  "lr": 1e-3}}'
TOML = 'model = "mlp"\n[data]\nbuiltin = "iris"\n[optimizer]\nlr = 1e-3\n'


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [("a.yaml", YAML, 5), ("a.json", JSON, 3), ("a.toml", TOML, 5), ("-", JSON, 3), ("-", YAML, 5)],
)
def test_a_value_is_read_as_a_number_and_its_line_is_known(name: str, text: str, line: int) -> None:
    found = spec_files.read(text, name)

    assert found.spec["optimizer"]["lr"] == 0.001
    assert found.line("#/optimizer/lr") == line


def test_what_has_no_line_has_that_of_what_is_above_it() -> None:
    found = spec_files.read(YAML, "a.yaml")

    assert found.line("#/optimizer/momentum") == 4
    assert found.line("#/model/layers/1/out") == 9
    assert found.line("#/epochs") is None


def test_words_that_old_yaml_took_for_booleans_are_texts() -> None:
    assert spec_files.value("[no, on, true]") == ["no", "on", True]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.yaml", "a: [1\nb: 2", "line 2, column 2"),
        ("a.yaml", "a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a.json", '{"a":\n }', "line 2, column 2"),
        ("a.toml", "a = 1\nb = = 2", "line 2, column 5"),
        ("a.yaml", "- 1", "holds a list"),
        ("a.yaml", " \n", "empty"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(name: str, text: str, says: str) -> None:
    with pytest.raises(InvalidTable, match=says):
        spec_files.read(text, name)


def test_the_client_knows_the_keys_of_a_spec() -> None:
    assert set(JobSpec.model_fields) == specs.KEYS


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.yaml", "epochs: 1\nmodel:\n  type: mlp\n  type: linear\n", "line 4, column 3"),
        ("a.json", '{"epochs": 1,\n "epochs": 2}', "line 2, column 2"),
        ("-", '{"model": {"type": "mlp", "type": "cnn"}}', "line 1, column 27"),
    ],
)
def test_a_key_that_stands_twice_is_a_fault_with_its_place(name: str, text: str, place: str) -> None:
    with pytest.raises(InvalidTable, match=f"{place}.*appears twice"):
        spec_files.read(text, name)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.yaml",
            "data: {builtin: iris\nmodel: mlp\n",
            "not valid YAML at line 2, column 6: .* Correct it there, and",
        ),
        ("a.yaml", "data:\n\tbuiltin: iris\n", "not valid YAML at line 2, column 1: .* Indent with spaces, and submit"),
        ("a.toml", "[data]\nbuiltin = iris\n", "not valid TOML at line 2, column 11: Invalid value. Correct it there"),
        ("a.json", '{"data": 1,\n "model": }', "not valid JSON at line 2, column 11: Expecting value. Correct it"),
    ],
    ids=["YAML", "tab", "TOML", "JSON"],
)
def test_what_is_malformed_is_said_with_its_place_and_what_to_do(name: str, text: str, said: str) -> None:
    with pytest.raises(InvalidTable, match=f"^{name} is {said}"):
        spec_files.read(text, name)
