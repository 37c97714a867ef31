"""Jobs whose trainers die: progress counts, on both databases."""

from datetime import timedelta

from services.attempts.crash import Crash
from services.db.tables import Job
from services.wiring import trainer
from services.wiring.base import Base
from tests.make import make_job


def dies(joined: Base, *, after_epochs: int) -> None:
    """Claim the job, train it for some epochs, and let its trainer die."""
    with joined.database.transaction() as session:
        for row in session.query(Job):
            row.not_before -= timedelta(hours=1)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    begun = trainer.job(joined.settings, claim.job_id, claim.attempt, lambda: None, lambda: None)
    epochs = begun.training.fit()
    for _ in range(after_epochs):
        costs = next(epochs)
        begun.recorder.epoch(costs, improved=begun.training.best.improved(costs))
    begun.database.close()
    joined.attempts.lifecycle.crashed(claim, Crash("crashed", "The trainer was killed by SIGKILL."))


def test_a_job_that_dies_often_but_makes_progress_each_time_is_tried_on(joined: Base) -> None:
    job = make_job(joined, epochs=50)

    for _ in range(8):
        dies(joined, after_epochs=1)

    found = joined.jobs.lookup.get("local", job.id)
    assert (found.status, found.run.attempt, found.training.epochs_done) == ("queued", 8, 8)


def test_progress_makes_the_count_begin_anew_and_three_tries_without_it_end_the_job(joined: Base) -> None:
    job = make_job(joined, epochs=50)
    stands = []

    for epochs in (0, 0, 1, 0, 0, 0):
        if joined.jobs.lookup.get("local", job.id).status == "queued":
            dies(joined, after_epochs=epochs)
        stands.append(joined.jobs.lookup.get("local", job.id).status)

    assert stands == ["queued"] * 5 + ["failed"]
