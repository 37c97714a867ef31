"""What finished jobs teach of those that wait."""

from typing import Any

import pytest

from services.db.tables import Job
from services.queue.durations import START_S, UNKNOWN, Past, Span, left, past


def job(**parts: Any) -> Job:
    """Return a job of 100 epochs of 10 steps."""
    spec = {
        "model": {"type": "mlp"},
        "epochs": 100,
        "batch_size": 32,
        "early_stopping": parts.pop("early_stopping", False),
        "max_time_seconds": parts.pop("max_time_seconds", None),
    }
    defaults = {
        "state": "queued",
        "dataset_id": "d",
        "epochs_done": 0,
        "trained_s": 0.0,
        "best_epoch": None,
        "progress": None,
    }
    steps = parts.pop("steps", 10)
    summary = {"steps_per_epoch": steps, "estimate": {"work_per_epoch": 1000 * steps}}
    return Job(**defaults | parts, spec=spec, model_summary=summary)


def history(*seconds: float, **parts: Any) -> list[Past]:
    """Return what jobs teach that took so many seconds for their 100 epochs."""
    found = [past(job(state="succeeded", epochs_done=100, trained_s=s, **parts)) for s in seconds]
    assert None not in found
    return [known for known in found if known]


def test_a_job_takes_as_long_as_those_that_were_like_it() -> None:
    span = left(job(), history(8.0, 10.0, 10.0, 10.0, 12.0))

    assert span.expected == pytest.approx(START_S + 10.0)
    assert START_S + 8.0 <= span.low < span.expected < span.high <= START_S + 12.0


def test_twice_the_steps_take_twice_the_time() -> None:
    known = history(10.0, 10.0, 10.0)

    assert left(job(steps=20), known).expected == pytest.approx(START_S + 20.0)


def test_jobs_on_the_same_data_teach_more_than_others() -> None:
    known = [*history(100.0, 100.0, 100.0, dataset_id="other"), *history(1.0, 1.0, 1.0)]

    assert left(job(), known).expected == pytest.approx(START_S + 1.0)
    assert left(job(dataset_id="third"), known).expected > 10.0


def test_without_anything_like_it_nothing_is_said() -> None:
    assert left(job(), []) == UNKNOWN


def test_a_job_of_a_release_that_estimated_no_work_teaches_nothing_and_knows_only_its_own_speed() -> None:
    old = job(epochs_done=50, trained_s=5.0)
    old.model_summary = {"steps_per_epoch": 10, "parameters": 1000}

    assert past(old) is None
    assert left(old, history(1.0, 1.0, 1.0)).expected == pytest.approx(START_S + 5.0)
    old.epochs_done = 0
    assert left(old, history(1.0, 1.0, 1.0)) == UNKNOWN
    assert past(job(state="succeeded", epochs_done=0)) is None


def test_a_running_job_goes_by_its_own_speed_and_its_last_word() -> None:
    running = job(state="running", epochs_done=40, trained_s=20.0, progress={"step": 500})

    assert left(running, history(1.0)) == Span(25.0, 25.0, 25.0)


def test_a_job_that_may_stop_early_is_bounded_by_its_patience_and_by_how_early_others_stopped() -> None:
    patient = {"patience": 10}
    running = job(state="running", epochs_done=40, trained_s=40.0, best_epoch=35, early_stopping=patient)

    assert left(running, []) == Span(5.0, 60.0, 60.0)

    known = [Past("d", "mlp", 1.0, share) for share in (0.5, 0.5, 0.5)]
    assert left(running, known) == Span(10.0, 10.0, 10.0)


def test_a_job_ends_when_its_time_is_over() -> None:
    assert left(job(max_time_seconds=5.0), history(10.0, 10.0, 10.0)).high == pytest.approx(START_S + 5.0)
