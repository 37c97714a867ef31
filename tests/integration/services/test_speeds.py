"""How long an epoch is likely to take is learnt from the owner's finished jobs, on both databases."""

from typing import Any

import pytest
from sqlalchemy import select, update

from services.db.tables import Epoch, Job
from services.specs.schema.job import JobSpec
from services.wiring.base import Base
from tests.make import make_job, train

ROWS = [[float(n), float(n % 7)] for n in range(240)]
DATA = {"x": ROWS, "y": [3 * a - b for a, b in ROWS]}


def expected(joined: Base, **keys: Any) -> float | None:
    spec = JobSpec.model_validate({"data": DATA, "model": "linear", "epochs": 3, **keys})
    return joined.jobs.service.validate(spec, owner="local").estimate["seconds_per_epoch"]  # type: ignore[no-any-return]


def trained(joined: Base, seconds: float, **keys: Any) -> Job:
    """Train a job, and have its epochs have taken so long."""
    job = make_job(joined, **{"data": DATA, "model": "linear", "epochs": 3, **keys})
    train(joined, job.id)
    with joined.database.transaction() as session:
        session.execute(update(Epoch).where(Epoch.job_id == job.id).values(seconds=seconds))
        return session.get_one(Job, job.id)


def test_without_a_finished_job_of_its_kind_nothing_is_known(joined: Base) -> None:
    assert expected(joined) is None
    trained(joined, 1.0)
    assert expected(joined, model="mlp") is None


def test_the_same_job_takes_as_long_again(joined: Base) -> None:
    trained(joined, 0.5)
    assert expected(joined) == pytest.approx(0.5, rel=0.01)


def test_more_steps_over_the_same_rows_take_longer(joined: Base) -> None:
    trained(joined, 1.0, batch_size=64)
    eight_times_as_many = expected(joined, batch_size=8)
    assert eight_times_as_many is not None
    assert 3 < eight_times_as_many < 9


def test_the_middle_of_several_jobs_counts_so_that_one_slow_hour_does_not(joined: Base) -> None:
    for seconds in (0.4, 0.5, 60.0):
        trained(joined, seconds)
    assert expected(joined) == pytest.approx(0.5, rel=0.01)


def test_jobs_on_the_same_rows_count_before_others(joined: Base) -> None:
    trained(joined, 0.5)
    other = {"x": [[a + 1, b] for a, b in ROWS], "y": DATA["y"]}
    for _ in range(3):
        trained(joined, 9.0, data=other)
    assert expected(joined) == pytest.approx(0.5, rel=0.01)


def test_a_job_shows_what_it_was_expected_to_take(joined: Base) -> None:
    trained(joined, 0.5)
    job = make_job(joined, data=DATA, model="linear", epochs=3)
    with joined.database.reading() as session:
        kept = session.scalar(select(Job.model_summary).where(Job.id == job.id))
    assert kept is not None
    assert kept["estimate"]["seconds_per_epoch"] == pytest.approx(0.5, rel=0.01)


@pytest.mark.alone
@pytest.mark.timeout(120)
def test_epochs_of_other_sizes_take_as_long_as_expected_within_a_factor_of_two(joined: Base) -> None:
    x = [[float(n % 97), float(n % 13), float(n % 5)] for n in range(8_000)]
    y = [a - b + c for a, b, c in x]
    few = {"x": x[:2_000], "y": y[:2_000]}
    first = make_job(joined, data=few, model={"type": "mlp", "hidden": [128]}, epochs=6)
    train(joined, first.id)

    for keys in ({"batch_size": 16}, {"data": {"x": x, "y": y}}, {"model": {"type": "mlp", "hidden": [256, 256]}}):
        given: dict[str, Any] = {"data": few, "model": {"type": "mlp", "hidden": [128]}, "epochs": 6, **keys}
        told = expected(joined, **given)
        job = make_job(joined, **given)
        train(joined, job.id)
        with joined.database.reading() as session:
            took = sorted(session.scalars(select(Epoch.seconds).where(Epoch.job_id == job.id)))
        assert told is not None
        assert 0.5 < told / took[len(took) // 2] < 2, (keys, told, took)
