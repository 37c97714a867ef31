"""What trainers take is kept with the job, bounded, and by the attempt that owns it alone."""

from dataclasses import replace
from datetime import timedelta

from services.attempts import usage
from services.attempts.usage import INTERVAL_S, MOST, Sample
from services.db.tables import Epoch, Job
from services.queue.claims import Claim
from services.wiring.base import Base
from tests.make import make_job

SAMPLE = Sample(97.5, 600_000_000)


def _claimed(joined: Base, ago_s: float) -> Claim:
    job = make_job(joined)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    with joined.database.transaction() as session:
        session.get_one(Job, job.id).started_at -= timedelta(seconds=ago_s)  # type: ignore[operator]
    return claim


def test_samples_are_kept_in_seconds_since_the_job_started(joined: Base) -> None:
    claim = _claimed(joined, 100)

    usage.store(joined.database, claim, [(60.0, SAMPLE), (55.0, SAMPLE)])
    usage.store(joined.database, claim, [(54.0, SAMPLE), (10.0, Sample(None, 1, 50.0, 2, 61.0))])

    job, found = joined.jobs.usages.get("local", claim.job_id, MOST)
    assert job.id == claim.job_id
    assert found.interval_s == INTERVAL_S
    times = [sample[0] for sample in found.samples]
    assert [round(t - times[0]) for t in times] == [0, 5, 50]  # one that came too early is left out
    assert 40 <= times[0] < 70
    assert found.samples[-1][1:] == [None, 1, 50.0, 2, 61.0]


def test_a_long_job_keeps_a_bounded_number_of_samples_over_its_whole_time(joined: Base) -> None:
    seconds = 3 * MOST * INTERVAL_S
    claim = _claimed(joined, seconds)

    usage.store(joined.database, claim, [(seconds - n * INTERVAL_S, SAMPLE) for n in range(3 * MOST)])

    _, found = joined.jobs.usages.get("local", claim.job_id, MOST)
    times = [sample[0] for sample in found.samples]
    assert MOST / 2 <= len(times) <= MOST
    assert found.interval_s == 4 * INTERVAL_S
    assert times[-1] - times[0] > 0.98 * seconds - 4 * INTERVAL_S
    _, few = joined.jobs.usages.get("local", claim.job_id, 10)
    assert len(few.samples) <= 10
    assert few.samples[-1] == found.samples[-1]


def test_an_attempt_that_lost_its_job_keeps_nothing(joined: Base) -> None:
    claim = _claimed(joined, 10)

    usage.store(joined.database, replace(claim, attempt=claim.attempt - 1), [(1.0, SAMPLE)])

    assert joined.jobs.usages.get("local", claim.job_id, MOST)[1].samples == []
    usage.store(joined.database, claim, [(1.0, SAMPLE)])
    joined.jobs.commands.delete("local", claim.job_id, force=True)
    usage.store(joined.database, claim, [(0.0, SAMPLE)])


def test_the_speed_of_a_job_is_that_of_its_epochs_or_their_mean_by_time(joined: Base) -> None:
    job = make_job(joined)
    seconds, speeds = [1.0, 3.0, 2.0, 2.0, 4.0], [100.0, 20.0, 50.0, 10.0, 5.0]
    kept = {"job_id": job.id, "attempt": 1, "train_cost": 1.0, "val_cost": 1.0, "lr": 0.1, "best": False}
    with joined.database.transaction() as session:
        for n, (took, speed) in enumerate(zip(seconds, speeds, strict=True), 1):
            session.add(Epoch(**kept, epoch=n, seconds=took, rows_per_second=speed, metrics={}))

    assert joined.jobs.usages.speeds("local", job.id, 5) == [(1, 100), (4, 20), (6, 50), (8, 10), (12, 5)]
    # 100 and 60 rows in 4 s, 100 and 20 in 4 s, 20 in 4 s.
    assert joined.jobs.usages.speeds("local", job.id, 3) == [(4, 40), (8, 30), (12, 5)]
