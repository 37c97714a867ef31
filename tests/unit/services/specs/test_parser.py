"""What is wrong with a body is said exactly, and before anything else is done with it."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import DuplicateKey, InvalidRequest, MalformedJSON, TooDeep, TooLarge
from services.specs.parse import json_size
from services.specs.parse.parser import read
from services.specs.schema.job import JobSpec

GOOD = {"data": {"builtin": "iris"}, "model": "mlp"}


def faults(change: dict) -> dict[str, dict]:
    with pytest.raises(InvalidRequest) as caught:
        read(JobSpec, json.dumps({**GOOD, **change}).encode())
    return {fault.pointer: fault.as_json() for fault in caught.value.faults}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": 1,}', b"{} {}", b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16"), b'{"a": "\xe9"}'],
    ids=["empty", "open", "trailing comma", "two documents", "BOM", "UTF-16", "Latin-1"],
)
def test_a_body_that_is_no_json_is_refused_with_its_place(body):
    with pytest.raises(MalformedJSON) as caught:
        read(JobSpec, body)
    assert caught.value.members["line"] >= 1
    assert "column" in caught.value.members


@pytest.mark.parametrize("body", [b"[" * 100_000, b"[" * 33 + b"]" * 33, b'{"a":' * 33 + b"1" + b"}" * 33])
def test_a_body_nested_too_deep_is_refused_before_it_is_read(body):
    with pytest.raises(TooDeep):
        read(JobSpec, body)


def test_brackets_inside_a_text_are_no_levels():
    assert read(JobSpec, json.dumps({**GOOD, "metadata": {"a": '\\"' + "[" * 100}}).encode()).metadata


def test_a_key_that_stands_twice_is_named():
    with pytest.raises(DuplicateKey, match="epochs"):
        read(JobSpec, b'{"data": {"builtin": "iris"}, "model": "mlp", "epochs": 1, "epochs": 2}')


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_number_that_is_not_finite_is_refused_at_its_place(number):
    body = json.dumps({**GOOD, "optimizer": {"type": "sgd", "lr": "here"}}).replace('"here"', number)
    with pytest.raises(InvalidRequest) as caught:
        read(JobSpec, body.encode())
    assert [(f.pointer, f.code) for f in caught.value.faults] == [("#/optimizer/lr", "non_finite_number")]


@pytest.mark.parametrize(
    ("change", "pointer", "code", "suggestion"),
    [
        ({"epoch": 3}, "#/epoch", "unknown_key", "epochs"),
        ({"optimizer": {"type": "sgd", "momentun": 0.9}}, "#/optimizer/momentun", "unknown_key", "momentum"),
        ({"optimizer": "sdg"}, "#/optimizer", "unknown_value", "sgd"),
        ({"optimizer": {"type": "sdg"}}, "#/optimizer/type", "unknown_value", "sgd"),
        ({"epochs": 0}, "#/epochs", "out_of_range", None),
        ({"batch_size": 2.5}, "#/batch_size", "wrong_type", None),
        ({"name": "a b"}, "#/name", "invalid_name", None),
        ({"seed": -1}, "#/seed", "out_of_range", None),
        ({"epochs": True}, "#/epochs", "wrong_type", None),
    ],
)
def test_a_fault_says_where_it_is_and_what_was_meant(change, pointer, code, suggestion):
    fault = faults(change)[pointer]
    assert (fault["code"], fault.get("suggestion")) == (code, suggestion)


def test_all_faults_are_told_at_once():
    assert set(faults({"epochs": 0, "seed": -1, "epoch": 1})) == {"#/epochs", "#/seed", "#/epoch"}


def test_an_integer_beyond_64_bits_is_refused():
    assert faults({"metadata": {"n": 2**64}})["#/metadata/n"]["code"] == "integer_out_of_range"


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["NUL", "lone surrogate"])
def test_text_that_a_database_can_not_keep_is_refused(text):
    assert faults({"metadata": {"note": text}})["#/metadata/note"]["code"] == "invalid_text"


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (b'{"data": {"x": [' + b"[1]," * 600_000 + b'[1]], "y": []}, "model": "linear"}', "limit_rows"),
        (b'{"data": {"x": [[' + b"1," * 3_000_000 + b'1]], "y": []}, "model": "linear"}', "limit_values"),
        (b'{"data": {"x": [[1]], "y": [' + b'"a",' * 900_000 + b'""]}, "model": "linear"}', "limit_values"),
    ],
    ids=["rows", "values", "texts"],
)
def test_a_body_of_too_many_values_is_refused_before_it_is_parsed(body, limit):
    with pytest.raises(TooLarge) as caught:
        read(JobSpec, body)
    assert caught.value.members[limit] > 0
    assert "data set" in caught.value.members["hint"]


def test_commas_and_brackets_in_texts_are_not_counted():
    text = json.dumps({**GOOD, "metadata": {"a": '\\"[,' * 900_000}}).encode()
    with pytest.raises(InvalidRequest):  # of metadata that is too long, not of values
        read(JobSpec, text, max_rows=50, max_values=100)


@pytest.mark.parametrize("inside", [False, True], ids=["at the top", "inside"])
def test_very_many_unknown_keys_are_counted_and_the_first_are_shown(inside):
    many = {f"k{n}": 1 for n in range(200_000)}
    with pytest.raises(InvalidRequest) as caught:
        read(JobSpec, json.dumps({**GOOD, **({"split": {"type": "random", **many}} if inside else many)}).encode())
    assert caught.value.members["total_errors"] == 200_000
    assert len(caught.value.members["errors"]) <= 100


@settings(max_examples=200)
@given(st.lists(st.text('a\\",[]{}:\n', max_size=30), max_size=20), st.integers(1, 40))
def test_strings_are_taken_out_block_by_block_as_at_once(texts, size):
    whole = json.dumps(texts).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_size, "BLOCK_BYTES", size)
        assert json_size.without_strings(whole) == ("[" + ", ".join(['""'] * len(texts)) + "]").encode()


def test_a_string_that_is_never_closed_takes_linear_time():
    began = time.monotonic()
    with pytest.raises(MalformedJSON):
        read(JobSpec, b'{"a": "' + rb"\"[," * 2_000_000)
    assert time.monotonic() - began < 10
