"""A job on several processes that ran out of memory goes on with half of what one of them had at a time."""

from services.attempts.crash import Crash
from services.wiring.base import Base
from tests.make import make_job


def test_the_rows_of_one_process_are_halved(joined: Base) -> None:
    job = make_job(joined, batch_size=8, processes=2)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None

    joined.attempts.lifecycle.out_of_memory(claim, Crash("out_of_memory_host", "No memory was left."), in_step=True)

    put_back = joined.jobs.lookup.get("local", job.id)
    (adjusted,) = put_back.run.adjustments
    assert put_back.status == "queued"
    assert (adjusted["what"], adjusted["before"], adjusted["after"]) == ("micro_batch_size", 4, 2)
