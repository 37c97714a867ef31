"""`batchyard server prune`: what its dry run lists is what goes, and nothing else."""

import argparse
from dataclasses import replace
from typing import Any

import pytest

from local import retention
from services.errors import SettingInvalid
from services.wiring.base import Base
from tests.integration.services.test_pruning import finished, left


def run(joined: Base, *, dry_run: bool, **kept: Any) -> None:
    """Run the command with some settings."""
    retention.prune(replace(joined.settings, **kept), argparse.Namespace(dry_run=dry_run, data_dir=None))


def test_a_dry_run_lists_what_then_goes(joined: Base, capsys: pytest.CaptureFixture[str]) -> None:
    old, middle, new = (finished(joined, days, name=f"j{days}") for days in (30, 20, 1))
    kept = {"keep_jobs_days": 25, "keep_events_days": 10}
    events = len(joined.lookup.events("local", middle, after=0, limit=100))

    run(joined, dry_run=True, **kept)

    listed = capsys.readouterr()
    assert [line.split()[1] for line in listed.out.splitlines()] == [old]
    assert left(joined) == {old, middle, new}

    run(joined, dry_run=False, **kept)

    said = capsys.readouterr().err
    assert said.removeprefix("Deleted ") == listed.err.removeprefix("Would delete ")
    assert left(joined) == {middle, new}
    gone = events - len(joined.lookup.events("local", middle, after=0, limit=100))
    assert f"1 job, {gone} events of other jobs, and 0 batch" in said
    assert gone > 0


def test_without_a_setting_it_says_what_to_set(joined: Base) -> None:
    with pytest.raises(SettingInvalid, match="Set one of BATCHYARD_KEEP_JOBS_DAYS"):
        run(joined, dry_run=True)
