"""A job's trace context is kept with it in SQL, and what of its spans has been sent."""

import threading
from functools import partial

import pytest
from sqlalchemy import func, select

from services.attempts.crash import Crash
from services.db.trace_tables import Trace
from services.jobs.retry import SpecChanges
from services.jobs.submission import Submission
from services.specs.schema.job import JobSpec
from services.tracing.unsent import Part, UnsentSpans
from services.wiring.base import Base
from tests.make import SMALL, make_job, train
from worker.trace_sender import TraceSender

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def traced(joined: Base) -> str:
    """The id of a job that waits, submitted by a request that was part of a trace."""
    return joined.jobs.service.submit(Submission(JobSpec.model_validate(SMALL), "local", {}, traceparent=PARENT)).job.id


def names(parts: list[Part]) -> list[str]:
    """Return the names of all spans."""
    return [span.name for part in parts for span in part.spans]


def kept(joined: Base) -> int:
    """Return how many contexts are kept."""
    with joined.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Trace)) or 0


def test_each_span_is_there_until_it_has_been_sent_and_in_the_end_nothing_is_kept(joined: Base, traced: str) -> None:
    unsent = UnsentSpans(joined.database)
    make_job(joined)  # not part of a trace

    assert unsent.look() == []
    train(joined, traced)
    (whole,) = unsent.look()
    assert unsent.look() == [whole]
    unsent.sent(whole)

    assert (whole.job_id, whole.traceparent) == (traced, PARENT)
    assert names([whole]) == ["queue", "attempt", "epoch", "epoch", "epoch"]
    assert [span.attributes.get("batchyard.epoch") for span in whole.spans[2:]] == [1, 2, 3]
    assert (unsent.look(), kept(joined)) == ([], 0)


def test_spans_go_out_while_a_job_trains_and_the_next_attempt_goes_on(joined: Base, traced: str) -> None:
    unsent = UnsentSpans(joined.database)
    claim = joined.queue.claims.claim("cpu", "test")
    assert claim is not None

    (begun,) = unsent.look()
    unsent.sent(begun)
    joined.attempts.lifecycle.crashed(claim, Crash("crashed", "The trainer was killed by SIGKILL."), charged=False)
    (killed,) = unsent.look()
    unsent.sent(killed)
    unsent.sent(begun)  # by another dispatcher, which was slower
    train(joined, traced)
    (rest,) = unsent.look()
    unsent.sent(rest)

    assert [names([begun]), names([killed]), names([rest])[:2]] == [["queue"], ["attempt"], ["queue", "attempt"]]
    assert killed.spans[0].fault == "The trainer was killed by SIGKILL.; continues from epoch 0"
    assert {span.parent for span in rest.spans[2:]} == {rest.spans[1].key} != {killed.spans[0].key}
    assert kept(joined) == 0


def test_the_attempt_of_a_job_that_failed_says_why(joined: Base, traced: str) -> None:
    claim = joined.queue.claims.claim("cpu", "test")
    assert claim is not None

    joined.attempts.lifecycle.crashed(
        claim, Crash("time_limit", "The job ran longer than the operator allows."), final=True
    )

    (whole,) = UnsentSpans(joined.database).look()
    assert [(span.name, span.fault) for span in whole.spans] == [
        ("queue", None),
        ("attempt", "The job ran longer than the operator allows."),
    ]


def test_what_a_collector_did_not_take_is_sent_again(joined: Base, traced: str) -> None:
    train(joined, traced)
    stop, got = threading.Event(), []

    def collector(part: Part, takes: bool) -> bool:
        got.append(part)
        stop.set()
        return takes

    for takes in (False, True):
        stop.clear()
        TraceSender(UnsentSpans(joined.database), partial(collector, takes=takes)).until(stop)

    assert got[0] == got[1]
    assert kept(joined) == 0


def test_a_look_goes_on_behind_the_job_that_is_named(joined: Base, traced: str) -> None:
    unsent = UnsentSpans(joined.database)
    joined.queue.claims.claim("cpu", "test")

    assert [part.job_id for part in unsent.look()] == [traced]
    assert unsent.look(after=traced) == []


def test_a_deleted_job_takes_its_context_with_it(joined: Base, traced: str) -> None:
    joined.jobs.commands.delete("local", traced, force=True)

    assert kept(joined) == 0


def test_a_retry_is_part_of_the_trace_of_its_own_request(joined: Base, traced: str) -> None:
    other = PARENT.replace("b7ad", "c8be")
    train(joined, traced)
    retried = joined.jobs.retry.retry("local", traced, SpecChanges(), traceparent=other).job.id

    with joined.database.reading() as session:
        assert session.get_one(Trace, retried).traceparent == other
