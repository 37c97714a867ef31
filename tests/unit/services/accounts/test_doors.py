"""A server without keys never starts where others could reach it."""

import pytest

from services.errors import SettingInvalid
from services.settings import Settings


@pytest.mark.parametrize(
    ("environ", "is_open"),
    [
        ({}, False),
        ({"BOUND_HOST": "127.0.0.1"}, False),
        ({"BOUND_HOST": "::1"}, False),
        ({"BOUND_HOST": "0.0.0.0"}, True),
        ({"BOUND_HOST": "192.0.2.7"}, True),
        ({"BOUND_HOST": "0.0.0.0", "PUBLISHED_HOST": "127.0.0.1"}, False),
        ({"BOUND_HOST": "0.0.0.0", "PUBLISHED_HOST": "0.0.0.0"}, True),
        ({"BOUND_HOST": "127.0.0.1", "PUBLISHED_HOST": "train.example.org"}, True),
        ({"BOUND_HOST": "0.0.0.0", "AUTH": "keys"}, False),
    ],
    ids=str,
)
def test_it_starts_without_keys_only_where_this_host_alone_reaches_it(environ: dict[str, str], is_open: bool) -> None:
    settings = Settings.from_env(
        {f"BATCHYARD_{name}": value for name, value in environ.items()} | {"BATCHYARD_LOG_LEVEL": "info"}
    )

    if not is_open:
        settings.check_doors()
        return
    with pytest.raises(SettingInvalid) as refused:
        settings.check_doors()

    assert "BATCHYARD_AUTH=keys" in refused.value.detail
    assert "BATCHYARD_PUBLISHED_HOST=127.0.0.1" in refused.value.detail


def test_a_misspelt_way_of_asking_stops_the_start() -> None:
    with pytest.raises(SettingInvalid, match="BATCHYARD_AUTH is 'key'; must be none or keys"):
        Settings(auth="key").check_doors()
