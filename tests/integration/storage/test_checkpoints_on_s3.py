"""Checkpoints above a size in a bucket: the same bits as from SQL, resumed on another host, removed when replaced."""

import io
from typing import Any

import obstore
import pytest
from sqlalchemy import func, select

from services.attempts.recorder import Recorder
from services.backups import backup
from services.db.tables import Checkpoint, CheckpointChunk
from services.errors import CheckpointCorrupt, NotReady
from services.settings import Settings
from services.wiring import trainer
from services.wiring.base import Base
from tests.integration.storage.conftest import Hosts
from tests.integration.storage.test_backup_on_s3 import restored
from tests.integration.worker.workers import result
from tests.make import make_job, train

OWNER = "local"
LARGE: dict[str, Any] = {"checkpoint_object_bytes": 0}  #: every checkpoint is
JOB: dict[str, Any] = {"model": {"type": "mlp", "hidden": [8], "dropout": 0.1}, "epochs": 6, "early_stopping": False}


def begin(host: Base, job_id: str, epochs: int) -> trainer.Job:
    """Train some epochs of a queued job on a host, each recorded at once, and leave it running."""
    claim = host.queue.claims.claim("cpu", "gone")
    assert claim is not None
    assert claim.job_id == job_id
    job = trainer.job(host.settings, claim.job_id, claim.attempt, lambda: None, lambda: None)
    job.recorder.started(job.training.environment())
    for costs in job.training.fit():
        job.recorder.flush_due = 0.0
        job.recorder.epoch(costs, improved=job.training.best.improved(costs))
        if costs.epoch == epochs:
            break
    return job


def hand_over(host: Base, begun: trainer.Job) -> None:
    """Put a job back whose worker fell silent."""
    begun.database.close()
    for _ in range(host.settings.reap_reads + 1):
        host.attempts.reaper.look()


def in_bucket(hosts: Hosts) -> list[str]:
    """Return the ids of the checkpoints in the bucket."""
    return [name.removeprefix("checkpoints/").rpartition("-")[0] for name in hosts.names if name.startswith("checkpo")]


def test_a_job_goes_on_from_the_bucket_and_ends_with_the_bits_that_it_has_from_sql(hosts: Hosts) -> None:
    sql, first, second = hosts.host("sql"), hosts.host("first", **LARGE), hosts.host("second", **LARGE)
    expected = result(sql, train(sql, make_job(sql, **JOB).id).id)
    job = make_job(first, **JOB)

    hand_over(first, begin(first, job.id, epochs=3))
    with first.database.reading() as session:
        kept = set(session.scalars(select(Checkpoint.id).where(Checkpoint.job_id == job.id)))
        mine = select(func.count()).where(CheckpointChunk.checkpoint_id.in_(kept))
        assert session.scalar(mine) == 0
    assert set(in_bucket(hosts)) == kept  # what each flush replaced is gone
    assert train(second, job.id).status == "succeeded"

    assert result(sql, job.id) == expected  # a host that would not write there reads from there
    assert second.jobs.lookup.get(OWNER, job.id).run.attempt == 2


def test_of_two_states_to_go_on_from_the_older_is_taken_when_the_newest_is_damaged(hosts: Hosts) -> None:
    host = hosts.host("host", **LARGE)
    expected = result(host, train(host, make_job(host, **JOB).id).id)
    job = make_job(host, **JOB)
    hand_over(host, begin(host, job.id, epochs=3))
    newest = host.jobs.lookup.checkpoint(OWNER, job.id, "last")
    obstore.put(hosts.s3.objects(hosts.prefix), hosts.name(newest.id), b"other bytes")

    with pytest.raises(CheckpointCorrupt, match="SHA-256"):
        host.jobs.lookup.content(newest)
    assert train(host, job.id).status == "succeeded"

    assert result(host, job.id) == expected


def test_a_flush_waits_for_a_bucket_that_is_away(hosts: Hosts) -> None:
    host, impatient = hosts.host("host", **LARGE), hosts.impatient("host", **LARGE)
    job = make_job(host, **JOB)
    begun = begin(host, job.id, epochs=1)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        hosts.s3.resume()

    recorder = Recorder(impatient.database, impatient.settings, begun.work, begun.training, sleep=sleep)
    recorder.recorded = begun.recorder.recorded
    hosts.s3.stop()
    recorder.interrupted()
    begun.database.close()

    assert waited
    assert host.jobs.lookup.content(host.jobs.lookup.checkpoint(OWNER, job.id, "last"))
    hosts.s3.stop()
    with pytest.raises(NotReady):
        impatient.jobs.lookup.content(host.jobs.lookup.checkpoint(OWNER, job.id, "last"))


def test_what_no_row_names_goes_with_a_sweep(hosts: Hosts) -> None:
    host = hosts.host("host", **LARGE)
    kept, gone = (train(host, make_job(host, **JOB).id).id for _ in range(2))
    host.jobs.commands.delete(OWNER, gone)
    large = host.jobs.lookup.large
    assert large

    large.sweep(host.database)
    before = in_bucket(hosts)
    large.sweep(host.database, older_than_s=-60)

    with host.database.reading() as session:
        known = session.scalars(select(Checkpoint.id).where(Checkpoint.job_id == kept)).all()
    assert set(in_bucket(hosts)) == set(known) < set(before)


@pytest.mark.parametrize("to", ["bucket", "folder"])
def test_a_backup_holds_them_and_goes_anywhere(hosts: Hosts, to: str) -> None:
    host = hosts.host("host", **LARGE)
    job = train(host, make_job(host, **JOB).id)
    file = io.BytesIO()
    assert backup.write(host.database, file).warnings == []
    place = Settings(storage_dir=hosts.folder / "restored")
    if to == "bucket":
        place = hosts.s3.settings(place, f"{hosts.prefix}-restored")

    with restored(file, place) as rooms:
        assert result(rooms, job.id) == result(host, job.id)
    assert not (hosts.folder / "restored" / "checkpoints").exists()
