"""The parameters of a query: lists, words by comma, times; and what is said of one that is wrong."""

from typing import Any

import pytest
from flask import Flask

from api.datasets import UploadQuery
from api.jobs import ListQuery, ShowQuery
from api.requests import query
from services.errors import InvalidRequest


def asked(text: str, model: type = ListQuery) -> Any:
    with Flask(__name__).test_request_context(f"/?{text}"):
        return query(model)


@pytest.mark.parametrize(
    "text", ["status=queued,running", "status=queued&status=running", "status[]=queued,%20running"]
)
def test_words_stand_by_comma_or_one_by_one(text: str) -> None:
    assert asked(text).status == ["queued", "running"]


@pytest.mark.parametrize("text", ["expand=spec_submitted", "expand[]=spec_submitted"])
def test_one_value_is_a_list_of_one(text: str) -> None:
    assert asked(text, ShowQuery).expand == ["spec_submitted"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("created_before=0.5", "must be a time with its zone"),
        ("created_before=2026-11-01", "must be a time with its zone"),
        ("created_after=0001-01-01T00:00:00%2B14:00", "must be a time of the years 1 to 9999"),
        ("limit=0", "is 0; must be a whole number of at least 1"),
        ("limit=-167962664242836817534430912446464", "must be a whole number of at least 1"),
        ("status=queud", "did you mean 'queued'?"),
        ("tag=a%00b", "has a NUL character"),
    ],
)
def test_a_wrong_value_is_told_in_words_that_help(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        asked(text)

    assert words in caught.value.detail
    assert "quotes" not in str(caught.value.members)


@pytest.mark.parametrize("text", ["delimiter=%C3%8C", "delimiter=%22", "delimiter=ab", "delimiter="])
def test_a_delimiter_is_one_character_that_csv_can_be_cut_at(text: str) -> None:
    with pytest.raises(InvalidRequest):
        asked(text, UploadQuery)
    assert asked("delimiter=%09", UploadQuery).delimiter == "\t"
