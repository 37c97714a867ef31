"""A stored key goes to the server that it was stored for, and to no other."""

import stat
from pathlib import Path

import pytest

from batchyard import configuration


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("BATCHYARD_URL", "BATCHYARD_SERVER", "BATCHYARD_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_each_server_has_its_key_in_a_file_of_ones_own() -> None:
    file = configuration.keep_key("https://a.example", "by_a")
    configuration.keep_key("https://b.example", "by_b")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert configuration.configuration("https://a.example/").api_key == "by_a"
    assert configuration.configuration("https://b.example").api_key == "by_b"
    assert configuration.configuration("http://a.example").api_key is None
    assert configuration.configuration("https://a.example.evil").api_key is None


def test_a_file_that_was_open_to_others_is_so_no_more_once_a_key_is_kept(tmp_path: Path) -> None:
    file = configuration.keep_key("https://a.example", "by_a")
    file.chmod(0o644)

    configuration.keep_key("https://b.example", "by_b")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_environment_goes_before_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    configuration.keep_key("https://a.example", "by_a")
    monkeypatch.setenv("BATCHYARD_API_KEY", "by_other")

    assert configuration.configuration("https://a.example").api_key == "by_other"
    assert configuration.configuration("https://a.example", "by_said").api_key == "by_said"


def test_a_key_is_forgotten() -> None:
    configuration.keep_key("https://a.example", "by_a")
    configuration.keep_key("https://a.example", None)

    assert configuration.configuration("https://a.example").api_key is None


def test_a_folder_that_names_another_server_gets_no_key_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "config/batchyard").mkdir(parents=True)
    (tmp_path / "config/batchyard/config.toml").write_text('server = "https://a.example"\napi_key = "by_a"\n')
    assert configuration.configuration().api_key == "by_a"

    assert configuration.configuration("https://evil.example").api_key is None
    (tmp_path / ".batchyard.toml").write_text('server = "https://evil.example"\n')
    assert configuration.configuration().api_key is None
