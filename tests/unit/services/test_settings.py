"""Settings that may be left out."""

import pytest

from services.errors import SettingInvalid
from services.settings import Settings


@pytest.mark.parametrize("environ", [{"BATCHYARD_LOG_LEVEL": "info"}, {"BATCHYARD_KEEP_JOBS_DAYS": ""}], ids=str)
def test_what_is_not_set_is_kept_for_ever(environ: dict[str, str]) -> None:
    assert Settings.from_env(environ).keep_jobs_days is None


def test_days_are_a_whole_number() -> None:
    assert Settings.from_env({"BATCHYARD_KEEP_JOBS_DAYS": "7"}).keep_jobs_days == 7


@pytest.mark.parametrize("text", ["0", "-1", "a week"])
def test_days_that_make_no_sense_stop_the_start(text: str) -> None:
    with pytest.raises(SettingInvalid, match="BATCHYARD_KEEP_JOBS_DAYS"):
        Settings.from_env({"BATCHYARD_KEEP_JOBS_DAYS": text})
