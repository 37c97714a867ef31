"""The spans of a job: stays in the queue, attempts, and as many epochs as fit a bound."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from services.tracing.job_spans import Epoch, JobSpan, Turn, spans

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return a time so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def turn(seq: int, type: str, seconds: float, attempt: int = 0, *, failed: bool = False) -> Turn:
    """Return an event."""
    return Turn(seq, type, at(seconds), f"{type} {seq}", attempt, failed)


def epochs(numbers: range, *, seq: int, attempt: int = 1, first: float = 0.0, seconds: float = 1.0) -> list[Epoch]:
    """Return epochs of equal length, each stored when it ended; the first began at `first`."""
    return [
        Epoch(n, attempt, seq + i, at(first + (i + 1) * seconds), seconds, {"train_cost": 1.0 / n})
        for i, n in enumerate(numbers)
    ]


def times(found: list[JobSpan]) -> list[tuple[str, float, float]]:
    """Return name, begin and end of spans, in seconds after noon."""
    return [(it.name, (it.began - NOON).total_seconds(), (it.ended - NOON).total_seconds()) for it in found]


def test_a_killed_attempt_is_followed_by_another_one_in_the_same_trace() -> None:
    turns = [
        turn(1, "queued", 0),
        turn(2, "started", 2, attempt=1),
        turn(4, "requeued", 9, failed=True),
        turn(5, "started", 10, attempt=2),
        turn(7, "end", 20),
    ]
    trained = epochs(range(1, 2), seq=3, first=2) + epochs(range(2, 3), seq=6, attempt=2, first=10)

    found, waits = spans(turns, trained, after=0)

    assert times(found) == [
        ("queue", 0, 2),
        ("attempt", 2, 9),
        ("queue", 9, 10),
        ("attempt", 10, 20),
        ("epoch", 2, 3),
        ("epoch", 10, 11),
    ]
    assert [it.fault for it in found] == [None, "requeued 4", None, None, None, None]
    by_key = {it.key: it for it in found}
    assert [by_key[it.parent].attributes["batchyard.attempt"] for it in found if it.parent] == [1, 2]
    assert len(by_key) == len(found)
    assert waits is None


@pytest.mark.parametrize("ending", ["paused", "end"])
def test_what_still_goes_on_and_what_was_sent_is_left_out(ending: str) -> None:
    waits, trains = turn(1, "queued", 0), turn(2, "started", 1, attempt=1)

    assert spans([waits], [], after=1) == ([], None)
    assert times(spans([waits, trains], [], after=1)[0]) == [("queue", 0, 1)]
    assert times(spans([waits, trains, turn(3, ending, 7)], [], after=2)[0]) == [("attempt", 1, 7)]
    resumed = [waits, trains, turn(3, "paused", 7), turn(4, "resumed", 50), turn(5, "end", 60)]
    assert times(spans(resumed, [], after=3)[0]) == [("queue", 50, 60)]


def test_a_job_that_failed_says_so_in_its_attempt_and_not_in_its_stay_in_the_queue() -> None:
    turns = [turn(1, "queued", 0), turn(2, "started", 1, attempt=1), turn(3, "end", 2, failed=True)]

    assert [it.fault for it in spans(turns, [], after=0)[0]] == [None, "end 3"]
    assert [it.fault for it in spans([turns[0], turns[2]], [], after=0)[0]] == [None]


def test_epochs_that_were_stored_together_follow_each_other() -> None:
    turns = [turn(1, "queued", 0), turn(2, "started", 1, attempt=1)]
    together = [Epoch(n, 1, 2 + n, at(4), 0.5) for n in (1, 2, 3)]

    assert times(spans(turns, together, after=2)[0]) == [("epoch", 2.5, 3), ("epoch", 3, 3.5), ("epoch", 3.5, 4)]


def test_an_epoch_begins_no_earlier_than_its_attempt() -> None:
    turns = [turn(1, "queued", 0), turn(2, "started", 10, attempt=1)]

    assert times(spans(turns, [Epoch(1, 1, 3, at(12), 30.0)], after=2)[0]) == [("epoch", 10, 12)]


def test_epochs_share_a_span_once_there_are_many() -> None:
    turns = [turn(1, "queued", 0), turn(2, "started", 0, attempt=1)]
    trained = epochs(range(998, 1013), seq=3)

    found, waits = spans(turns, trained, after=2)

    ranges = [(it.attributes.get("batchyard.first_epoch"), it.attributes["batchyard.epoch"]) for it in found]
    assert ranges == [(None, 998), (None, 999), (None, 1000), (1001, 1010)]
    assert times(found)[-1] == ("epochs", 3, 13)
    assert found[-1].attributes["batchyard.train_cost"] == 1 / 1010
    assert waits == 3 + 13  # the event of epoch 1011
    ended, waits = spans([*turns, turn(18, "paused", 20)], trained[13:], after=15)
    assert [it.attributes.get("batchyard.first_epoch") for it in ended] == [None, 1011]
    assert waits is None


def test_the_spans_of_the_longest_job_are_bounded_however_they_are_read() -> None:
    turns = [turn(1, "queued", 0), turn(2, "started", 0, attempt=1)]
    trained = epochs(range(1, 100_001), seq=3, seconds=0.001)
    kinds: Counter[str] = Counter()
    covered, after = 0, 2

    while after < trained[-1].seq:
        piece = trained[after - 2 : after - 2 + 777]
        found, waits = spans(turns, piece, after)
        after = waits - 1 if waits else piece[-1].seq
        for span in found:
            last = span.attributes["batchyard.epoch"]
            assert span.attributes.get("batchyard.first_epoch", last) == covered + 1
            covered = last
            kinds[span.name] += 1

    assert covered == 100_000
    assert kinds == {"epoch": 1_000, "epochs": 900 + 900}
