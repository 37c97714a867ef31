"""The address of a bucket: read from the settings, refused in a sentence that shows no key."""

from dataclasses import replace

import pytest

from services.errors import SettingInvalid
from services.objects.address import Address
from services.settings import Settings

PAIR = {"storage_access_key": "ak-1", "storage_secret_key": "sk-1"}


def test_without_a_url_everything_is_in_the_storage_folder() -> None:
    assert Address.of(Settings()) is None


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [("s3://data", "data", ""), ("s3://data/", "data", ""), ("s3://data/team/a/", "data", "team/a")],
)
def test_a_url_names_a_bucket_and_what_names_begin_with(url: str, bucket: str, prefix: str) -> None:
    found = Address.of(replace(Settings(), storage_url=url, storage_endpoint="http://s3.lan:9000/", **PAIR))

    assert found == Address(bucket, prefix, "http://s3.lan:9000", "", "ak-1", "sk-1")
    assert "sk-1" not in repr(found)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"storage_url": "data"}, "s3://bucket"),
        ({"storage_url": "https://data"}, "s3://bucket"),
        ({"storage_url": "s3:///prefix"}, "s3://bucket"),
        ({"storage_url": "s3://ak-1:sk-1@data"}, "BATCHYARD_STORAGE_SECRET_KEY"),
        ({"storage_url": "s3://data:9000"}, "BATCHYARD_STORAGE_ENDPOINT"),
        ({"storage_url": "s3://data?key=sk-1"}, "s3://bucket"),
        ({"storage_url": "s3://[data"}, "s3://bucket"),
        ({"storage_url": "s3://data", "storage_endpoint": "s3.lan:9000"}, "https://"),
        ({"storage_url": "s3://data", "storage_endpoint": "https://ak-1:sk-1@s3.lan"}, "without keys"),
        ({"storage_url": "s3://data", "storage_access_key": "ak-1"}, "BATCHYARD_STORAGE_SECRET_KEY is missing"),
        ({"storage_url": "s3://data", "storage_secret_key": "sk-1"}, "BATCHYARD_STORAGE_ACCESS_KEY is missing"),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        Address.of(replace(Settings(), **given))

    assert said in refused.value.detail
    assert "sk-1" not in refused.value.detail


def test_the_settings_do_not_show_what_is_secret() -> None:
    shown = repr(replace(Settings(), storage_secret_key="sk-1", database_password="pw-1"))

    assert "sk-1" not in shown
    assert "pw-1" not in shown
