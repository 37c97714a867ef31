"""The queue played forward, against what a hand can work out."""

import math

from services.queue.forecast import Task, Times, forecast


def tasks(owner: str, *seconds: float) -> list[Task]:
    """Return an owner's jobs a0, a1, …"""
    return [Task(f"{owner}{n}", owner, s) for n, s in enumerate(seconds)]


def starts(times: dict[str, Times]) -> dict[str, float]:
    """Return when each job starts."""
    return {name: span.start for name, span in times.items()}


def test_one_slot_serves_one_job_after_the_other() -> None:
    times = forecast(1, [Task("r", "a", 4.0)], tasks("a", 1.0, 2.0, 3.0), {"a": 1})

    assert times == {"r": Times(0, 4), "a0": Times(4, 5), "a1": Times(5, 7), "a2": Times(7, 10)}


def test_two_slots_serve_whoever_is_next_as_they_get_free() -> None:
    times = forecast(2, [Task("r", "a", 10.0)], tasks("a", 3.0, 3.0, 3.0, 3.0), {})

    assert starts(times) == {"r": 0, "a0": 0, "a1": 3, "a2": 6, "a3": 9}


def test_owners_take_turns_however_many_jobs_one_has() -> None:
    times = forecast(1, [], [*tasks("a", 1, 1, 1), *tasks("b", 1)], {"a": 7, "b": 3})

    assert starts(times) == {"b0": 0, "a0": 1, "a1": 2, "a2": 3}


def test_the_owner_with_fewer_running_jobs_is_next() -> None:
    running = [Task("r", "a", 100.0), Task("s", "b", 5.0)]

    times = forecast(2, running, [*tasks("a", 1), *tasks("b", 1)], {"a": 1, "b": 2})

    assert starts(times) == {"r": 0, "s": 0, "b0": 5, "a0": 6}


def test_a_job_that_may_not_start_yet_lets_others_go_first() -> None:
    late = Task("late", "a", 1.0, ready=5.0)

    times = forecast(1, [], [late, *tasks("a", 2.0)], {})

    assert times["a0"] == Times(0, 2)
    assert times["late"] == Times(5, 6)


def test_what_comes_after_a_job_of_unknown_length_is_unknown() -> None:
    times = forecast(1, [Task("r", "a", math.inf)], tasks("a", 1.0), {})

    assert math.isinf(times["a0"].start)
    assert math.isinf(forecast(0, [], tasks("a", 1.0), {})["a0"].start)


def test_a_more_urgent_job_goes_before_older_ones() -> None:
    urgent = Task("urgent", "a", 1.0, priority=1)

    assert starts(forecast(1, [], [*tasks("a", 1.0, 1.0), urgent], {})) == {"urgent": 0, "a0": 1, "a1": 2}


def test_a_long_job_yields_to_short_ones_and_goes_on_after_them() -> None:
    times = forecast(1, [Task("long", "a", 30.0)], tasks("a", 1.0, 1.0), {}, short_job_s=2.0)

    assert times == {"long": Times(0, 32), "a0": Times(2, 3), "a1": Times(3, 4)}


def test_long_jobs_take_turns_of_growing_length() -> None:
    times = forecast(1, [], tasks("a", 30.0, 30.0), {}, short_job_s=2.0)

    # 2 s each, then up to 20 s each, then one to its end after the other.
    assert times == {"a0": Times(0, 50), "a1": Times(2, 60)}


def test_a_job_does_not_yield_to_another_owners_turn_that_is_as_long() -> None:
    running = [Task("r", "a", 10.0, trained=50.0)]
    waits = Task("w", "b", 10.0, trained=50.0)

    assert forecast(1, running, [waits], {}, short_job_s=2.0) == {"r": Times(0, 10), "w": Times(10, 20)}
