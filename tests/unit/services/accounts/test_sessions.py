"""Cookies of browsers: what is not signed here, or is over, opens nothing."""

import stat
from pathlib import Path

import pytest

from services.accounts.sessions import FILE, Sessions
from services.db.engine import Database
from services.settings import Settings


def made(folder: Path, lifetime_s: float = 60) -> Sessions:
    """Make the sessions of a storage; its database is not asked here."""
    return Sessions(Database(Settings(storage_dir=folder)), folder, lifetime_s)


def test_a_cookie_names_its_key_to_every_process_of_the_storage_and_to_no_other(tmp_path: Path) -> None:
    cookie = made(tmp_path).begin("key_1")

    assert made(tmp_path).key_id(cookie) == "key_1"
    assert made(tmp_path / "other").key_id(cookie) is None
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "altered",
    [
        lambda cookie: cookie.replace("key_1", "key_2"),
        lambda cookie: cookie[:-1],
        lambda cookie: cookie + "0",
        lambda cookie: cookie.replace(".", ".9", 1),
        lambda cookie: "",
        lambda cookie: "..",
        lambda cookie: "key_1.9999999999.",
        lambda cookie: "\udcff",
        lambda cookie: ".".join(cookie.split(".")[::2]),
    ],
)
def test_an_altered_cookie_opens_nothing(tmp_path: Path, altered) -> None:
    sessions = made(tmp_path)

    assert sessions.key_id(altered(sessions.begin("key_1"))) is None


def test_a_cookie_that_is_over_opens_nothing(tmp_path: Path) -> None:
    assert made(tmp_path, -1).key_id(made(tmp_path, -1).begin("key_1")) is None
