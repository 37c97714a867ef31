"""Settings that may be left out."""

import re
from pathlib import Path

import pytest

from services.errors import SettingInvalid
from services.settings import Settings, has_collector


@pytest.mark.parametrize("environ", [{"BATCHYARD_LOG_LEVEL": "info"}, {"BATCHYARD_KEEP_JOBS_DAYS": ""}], ids=str)
def test_what_is_not_set_is_kept_for_ever(environ: dict[str, str]) -> None:
    assert Settings.from_env(environ).keep_jobs_days is None


def test_days_are_a_whole_number() -> None:
    assert Settings.from_env({"BATCHYARD_KEEP_JOBS_DAYS": "7"}).keep_jobs_days == 7


@pytest.mark.parametrize("text", ["0", "-1", "a week"])
def test_days_that_make_no_sense_stop_the_start(text: str) -> None:
    with pytest.raises(SettingInvalid, match="BATCHYARD_KEEP_JOBS_DAYS"):
        Settings.from_env({"BATCHYARD_KEEP_JOBS_DAYS": text})


def test_a_misspelt_setting_stops_the_start_and_the_nearest_one_is_named() -> None:
    with pytest.raises(
        SettingInvalid, match=r"BATCHYARD_GRACE_SECONDS is not a setting. Did you mean BATCHYARD_GRACE_S\?"
    ):
        Settings.from_env({"BATCHYARD_GRACE_SECONDS": "5"})


def test_a_setting_that_was_renamed_is_refused_with_its_new_name() -> None:
    with pytest.raises(SettingInvalid, match="BATCHYARD_WISH_INTERVAL_S is called BATCHYARD_STOP_POLL_INTERVAL_S now"):
        Settings.from_env({"BATCHYARD_WISH_INTERVAL_S": "1"})


def test_a_misspelt_file_of_a_setting_stops_the_start() -> None:
    with pytest.raises(SettingInvalid, match="BATCHYARD_REDIS_URLS_FILE is not a setting"):
        Settings.from_env({"BATCHYARD_REDIS_URLS_FILE": "/run/secrets/redis"})


def test_a_file_of_a_setting_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingInvalid, match="BATCHYARD_REDIS_URL_FILE is '/nowhere', which can't be read"):
        Settings.from_env({"BATCHYARD_REDIS_URL_FILE": "/nowhere"})


def test_variables_of_the_command_and_of_compose_are_no_settings_and_let_it_start() -> None:
    compose = Path(__file__).parents[3] / "compose.yaml"
    gpu = Path(__file__).parents[3] / "compose.gpu.yaml"
    named = re.findall(r"\$\{(BATCHYARD_[A-Z_]+)", compose.read_text() + gpu.read_text())

    assert named
    Settings.from_env(dict.fromkeys([*named, "BATCHYARD_URL", "BATCHYARD_API_KEY"], "7"))


@pytest.mark.parametrize(
    ("variables", "is_set"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "True"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_opentelemetrys_own_variables_say_whether_there_is_a_collector(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_set: bool
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)

    assert has_collector() is is_set
