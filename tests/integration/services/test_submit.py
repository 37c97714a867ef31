"""Submitting, cancelling, deleting and listing, on both databases."""

import threading
from typing import Any

import pytest

from services.dataset_errors import DatasetInUse
from services.errors import (
    IdempotencyKeyReused,
    InvalidRequest,
    InvalidTransition,
    JobAlreadyFinished,
    NoCheckpoint,
    NoCheckpointYet,
    NotFound,
)
from services.jobs.listing import Filters
from services.jobs.submission import RequestKey, Submission
from services.specs.schema.job import JobSpec
from services.wiring.base import Base
from tests.make import SMALL, make_job, train


def test_a_key_brings_the_same_job_again_and_refuses_another_body(joined: Base) -> None:
    first = make_job(joined, key="k")
    spec = JobSpec.model_validate(SMALL)

    again = joined.jobs.service.submit(Submission(spec, "local", submitted={}, key=RequestKey("k", str(SMALL))))
    with pytest.raises(IdempotencyKeyReused) as refused:
        joined.jobs.service.submit(Submission(spec, "local", submitted={}, key=RequestKey("k", "other")))
    other_owner = joined.jobs.service.submit(Submission(spec, "someone", submitted={}, key=RequestKey("k", "other")))

    assert (again.job.id, again.replayed) == (first.id, True)
    assert refused.value.members["first_seen_at"].utcoffset() is not None
    assert other_owner.job.id != first.id


def test_of_many_submits_with_one_key_one_makes_a_job(joined: Base) -> None:
    jobs: list[str] = []
    threads = [threading.Thread(target=lambda: jobs.append(make_job(joined, key="k").id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(jobs) == 8
    assert len(set(jobs)) == 1
    assert joined.jobs.listing.counts("local")["queued"] == 1


def test_jobs_are_named_after_data_and_model_and_counted(joined: Base) -> None:
    names = [make_job(joined, seed=n).name for n in range(2)]
    names.append(make_job(joined, data={"builtin": "iris"}, model="mlp").name)

    assert names == ["inline-linear-1", "inline-linear-2", "iris-mlp-1"]


def test_the_echoed_spec_posted_again_is_the_same_spec(joined: Base) -> None:
    first = make_job(joined, data={"builtin": "wine"}, model="mlp", seed=None)

    again = joined.jobs.service.submit(Submission(JobSpec.model_validate(first.spec), "local", submitted={})).job

    assert again.spec == first.spec
    assert (
        joined.jobs.service.validate(JobSpec.model_validate(first.spec), owner="local").spec.seed == first.spec["seed"]
    )


def test_equal_inline_rows_are_one_data_set_that_goes_with_its_last_job(joined: Base) -> None:
    one, two = make_job(joined), make_job(joined, seed=1)
    folder = joined.files.datasets.path(one.data.sha256)
    joined.jobs.commands.delete("local", one.id, force=True)
    kept = folder.exists()
    joined.jobs.commands.delete("local", two.id, force=True)

    assert one.data.id == two.data.id
    assert kept
    with pytest.raises(NotFound):
        joined.datasets.find("local", one.data.id)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked(joined: Base) -> None:
    waiting, running = make_job(joined, priority=-1), make_job(joined, seed=1)
    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    assert claim.job_id == running.id

    assert joined.jobs.commands.cancel("local", waiting.id).status == "cancelled"
    assert joined.jobs.commands.cancel("local", waiting.id).status == "cancelled"
    assert joined.jobs.commands.cancel("local", running.id, "wrong data").status == "cancelling"
    requests = joined.attempts.lifecycle.beat(claim, None)
    assert requests is not None
    assert requests.cancel
    joined.attempts.lifecycle.stopped(claim)
    assert joined.jobs.lookup.get("local", running.id).outcome.stop_reason == "cancelled_by_user"


def test_a_finished_job_is_not_cancelled_and_a_running_one_not_deleted(joined: Base) -> None:
    done = make_job(joined)
    train(joined, done.id)
    running = make_job(joined, seed=1)
    joined.queue.claims.claim("cpu", "w")

    with pytest.raises(JobAlreadyFinished):
        joined.jobs.commands.cancel("local", done.id)
    with pytest.raises(InvalidTransition) as refused:
        joined.jobs.commands.delete("local", running.id)
    joined.jobs.commands.delete("local", running.id, force=True)
    joined.jobs.commands.delete("local", done.id)

    assert refused.value.members["from"] == "running"
    assert set(joined.jobs.listing.counts("local").values()) == {0}


def test_an_unknown_or_foreign_job_is_not_found_and_the_closest_is_named(joined: Base) -> None:
    job = make_job(joined, name="scores")

    with pytest.raises(NotFound) as unknown:
        joined.jobs.lookup.get("local", "score")
    with pytest.raises(NotFound):
        joined.jobs.lookup.get("someone", job.id)

    assert unknown.value.members["suggestion"] == "scores"


def test_a_checkpoint_is_missing_for_now_or_for_ever(joined: Base) -> None:
    job = make_job(joined)
    with pytest.raises(NoCheckpointYet):
        joined.jobs.lookup.checkpoint("local", job.id, "best")
    joined.jobs.commands.cancel("local", job.id)

    with pytest.raises(NoCheckpoint):
        joined.jobs.lookup.checkpoint("local", job.id, "best")


def test_pages_neither_repeat_nor_skip_a_job_while_jobs_come_in(joined: Base) -> None:
    jobs = [make_job(joined, seed=n).id for n in range(7)]
    seen: list[str] = []
    after = None
    while True:
        page = joined.jobs.listing.page("local", Filters(), limit=2, after=after)
        seen += [job.id for job in page.items]
        make_job(joined, seed=100 + len(seen))
        if page.next is None:
            break
        after = page.next

    assert seen == jobs[::-1]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(statuses=["queued"]), ["b", "a"]),
        (Filters(statuses=["succeeded", "queued"]), ["c", "b", "a"]),
        (Filters(name="*a"), ["a"]),
        (Filters(name="%"), []),
        (Filters(tags=["keep"]), ["b"]),
        (Filters(metadata={"team": "nlp"}), ["a"]),
    ],
    ids=["state", "states", "pattern", "no wildcard of SQL", "tag", "metadata"],
)
def test_a_list_is_narrowed_by(joined: Base, filters: Filters, found: list[str]) -> None:
    for name, more in {"c": {}, "a": {"metadata": {"team": "nlp"}}, "b": {"tags": ["keep"]}}.items():
        job = make_job(joined, name=name, **more)
        if name == "c":
            train(joined, job.id)
    page = joined.jobs.listing.page("local", filters, sort="-name")

    assert [job.name for job in page.items] == found


def test_a_listed_job_has_a_small_curve(joined: Base) -> None:
    job = make_job(joined, epochs=60, early_stopping=False)
    train(joined, job.id)

    listed = joined.jobs.listing.page("local", Filters()).items[0]

    assert 20 <= len(listed.training.spark) <= 24
    assert listed.training.spark[0] == joined.jobs.lookup.epochs("local", job.id)[0].train_cost


def test_a_trained_job_shows_its_costs_its_log_and_its_batches(joined: Base) -> None:
    job = make_job(joined, epochs=5, split="none", batch_size=5)

    done = train(joined, job.id)

    lines = list(joined.jobs.logs.lines("local", job.id))
    costs = joined.jobs.lookup.batch_costs("local", job.id, 1)
    assert done.status == "succeeded"
    assert done.training.latest is not None
    assert done.training.latest.epoch == 5
    assert len(costs) == 3
    assert f"Epoch 1/5 Batch 1/3 Cost: {costs[0]:.6f}" in lines
    assert len([line for line in lines if line.startswith("Epoch ")]) == 15


@pytest.mark.parametrize(
    "data",
    [
        {"builtin": "iris", "dataset": "x"},
        {"dataset": "nothing"},
        {"x": [[1.0]], "y": [1.0, 2.0]},
        {"x": [[1.0], [1.0, 2.0]], "y": [1, 2]},
    ],
    ids=["two sources", "unknown", "lengths", "ragged"],
)
def test_a_job_without_usable_rows_is_refused_and_stores_nothing(joined: Base, data: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        make_job(joined, data=data)

    assert set(joined.jobs.listing.counts("local").values()) == {0}


def test_a_data_set_is_stored_once_and_kept_while_jobs_use_it(joined: Base, tmp_path: Any) -> None:
    import io

    rows = b"a,b,target\n" + b"".join(b"%d,%d,%d\n" % (n, n * n, n) for n in range(30))
    first, created = joined.datasets.upload(io.BytesIO(rows), name="t.csv", owner="local")
    again, created_again = joined.datasets.upload(io.BytesIO(rows), name="u.csv", owner="local")
    job = make_job(joined, data={"dataset": "u.csv"})

    with pytest.raises(DatasetInUse) as refused:
        joined.datasets.delete("local", first.id)
    joined.jobs.commands.delete("local", job.id, force=True)
    joined.datasets.delete("local", first.id)

    assert (created, created_again, again.id) == (True, False, first.id)
    assert refused.value.members["jobs"] == [job.id]
    assert job.spec["data"]["target"] == "target"
    with pytest.raises(NotFound):
        joined.datasets.find("local", "t.csv")
