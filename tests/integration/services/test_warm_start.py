"""A job that starts from another's weights finds them, fits them, and keeps them for as long as it needs them."""

from typing import Any

import pytest
from safetensors.numpy import load
from sqlalchemy import func, select

from services.attempts.recorder import Recorder
from services.db.tables import Checkpoint, CheckpointChunk
from services.errors import CheckpointInUse, Fault, InvalidRequest
from services.jobs.job_views import JobView
from services.jobs.submission import Submission
from services.specs.schema.job import JobSpec
from services.training_errors import WeightsUnreadable
from services.wiring.base import Base
from tests.integration.services.test_recorder import Contents, begin, feed
from tests.make import make_job, train

IRIS: dict[str, Any] = {"data": {"builtin": "iris"}, "model": {"type": "mlp", "hidden": [8]}, "epochs": 4}


def source(joined: Base, **parts: Any) -> JobView:
    """A trained job."""
    return train(joined, make_job(joined, **IRIS | {"name": "source"} | parts).id)


def faults(joined: Base, **parts: Any) -> list[Fault]:
    """Why a job is refused."""
    with pytest.raises(InvalidRequest) as refused:
        make_job(joined, **IRIS | parts)
    return refused.value.faults


def bits(joined: Base, job: JobView) -> list[Any]:
    """What a job came to."""
    best = load(joined.jobs.lookup.content(joined.jobs.lookup.checkpoint("local", job.id, "best")))
    epochs = joined.jobs.lookup.epochs("local", job.id)
    weights = {name: array.tobytes() for name, array in best.items()}
    return [[(epoch.train_cost, epoch.val_cost) for epoch in epochs], weights]


def test_a_job_starts_where_the_other_was_at_its_best_and_says_so(joined: Base) -> None:
    of = source(joined)
    made = make_job(joined, **IRIS | {"init_from": {"job": "source"}, "optimizer": {"type": "sgd", "lr": 1e-30}})

    new = train(joined, made.id)

    assert made.spec["init_from"] == {"job": of.id, "checkpoint": of.training.best.checkpoint, "strict": True}
    assert joined.jobs.lookup.epochs("local", new.id)[0].val_cost == of.training.best.value
    assert new.origin.initialised_from == {
        "job": of.id,
        "name": "source",
        "checkpoint": of.training.best.checkpoint,
        "epoch": of.training.best.epoch,
        "metric": "val_cost",
        "value": of.training.best.value,
        "started_new": [],
    }


@pytest.mark.parametrize("checkpoint", ["best", "last", "epoch:4"])
def test_the_echoed_spec_posted_again_ends_with_the_same_bits(joined: Base, checkpoint: str) -> None:
    of = source(joined)
    first = train(joined, make_job(joined, **IRIS | {"init_from": {"job": of.id, "checkpoint": checkpoint}}).id)
    again = joined.jobs.service.submit(Submission(JobSpec.model_validate(first.spec), "local", submitted={})).job
    again = train(joined, again.id)

    assert again.spec == first.spec
    assert bits(joined, again) == bits(joined, first)
    assert bits(joined, again) != bits(joined, of)


def test_what_is_not_there_is_told_together_with_the_other_faults(joined: Base) -> None:
    source(joined)
    waiting = make_job(joined, **IRIS | {"name": "waiting"})

    unknown = faults(joined, init_from={"job": "sourc"}, data={"builtin": "iris", "target": "specie"})
    no_epoch = faults(joined, init_from={"job": "source", "checkpoint": "epoch:77"})
    nothing = faults(joined, init_from={"job": waiting.id})

    assert [(fault.pointer, fault.suggestion) for fault in unknown] == [
        ("#/init_from/job", "source"),
        ("#/data/target", "species"),
    ]
    assert no_epoch[0].pointer == "#/init_from/checkpoint"
    assert {"best", "last", "epoch:4"} <= set(no_epoch[0].allowed or [])
    assert nothing[0].detail == "waiting is queued and has no checkpoint yet"


def test_nobody_starts_from_a_job_of_another_owner(joined: Base) -> None:
    of = source(joined)

    with pytest.raises(InvalidRequest) as refused:
        make_job(joined, owner="someone", **IRIS | {"init_from": {"job": of.id}})

    assert refused.value.faults[0].pointer == "#/init_from/job"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"model": {"type": "mlp", "hidden": [9]}}, "is 8 x 32 there and 9 x 32 here"),
        ({"model": "linear"}, "absent"),
        ({"data": {"builtin": "wine"}}, "its features are sepal_length"),
        (
            {"data": {"builtin": "iris", "features": ["petal_length", "petal_width", "sepal_length", "sepal_width"]}},
            "its features are sepal_length, sepal_width",
        ),
    ],
    ids=["width", "model", "data", "order of features"],
)
def test_weights_that_do_not_fit_are_refused_unless_what_fits_is_wanted(
    joined: Base, parts: dict[str, Any], words: str
) -> None:
    source(joined)

    told = faults(joined, init_from={"job": "source"}, **parts)

    assert {fault.pointer for fault in told} == {"#/init_from"}
    assert words in " ".join(fault.detail for fault in told)
    assert all("strict" in (fault.hint or "") for fault in told)


def test_what_does_not_fit_starts_new_and_is_named(joined: Base) -> None:
    source(joined)
    of = {"job": "source", "strict": False}

    new = train(joined, make_job(joined, **IRIS | {"init_from": of, "model": {"type": "mlp", "hidden": [8, 5]}}).id)

    assert [warning["code"] for warning in new.warnings if warning["pointer"] == "#/init_from"] == [
        "weights_started_new"
    ]
    assert new.origin.initialised_from is not None
    assert new.origin.initialised_from["started_new"]
    assert new.status == "succeeded"


def test_the_source_is_kept_until_no_unfinished_job_starts_from_it(joined: Base) -> None:
    of = source(joined)
    new = make_job(joined, **IRIS | {"init_from": {"job": of.id}})

    for force in (False, True):
        with pytest.raises(CheckpointInUse) as refused:
            joined.jobs.commands.delete("local", of.id, force=force)
    train(joined, new.id)
    joined.jobs.commands.delete("local", of.id)

    assert refused.value.members["jobs"] == [new.id]
    assert joined.jobs.lookup.get("local", new.id).origin.initialised_from is not None


def test_a_source_that_trains_on_keeps_the_checkpoint_that_somebody_starts_from(joined: Base) -> None:
    work, contents, time = begin(joined, **IRIS), Contents(), [0.0]
    recorder = Recorder(joined.database, joined.settings, work, contents, clock=lambda: time[0])
    feed(recorder, contents, range(1, 2))
    new = make_job(joined, **IRIS | {"init_from": {"job": work.job_id}})
    started_from = new.spec["init_from"]["checkpoint"]

    for epoch in range(2, 5):
        time[0] += 100
        feed(recorder, contents, range(epoch, epoch + 1))
    kept = joined.jobs.lookup.checkpoint("local", work.job_id, started_from)
    joined.jobs.commands.cancel("local", new.id)
    time[0] += 100
    feed(recorder, contents, range(5, 6))

    assert kept.epoch == 1
    assert started_from not in [c.id for c in joined.jobs.lookup.checkpoints("local", work.job_id)]
    with joined.database.reading() as session:
        assert session.scalar(select(func.count()).where(Checkpoint.id == started_from)) == 0


def test_damaged_weights_are_not_started_from(joined: Base) -> None:
    of = source(joined)
    new = make_job(joined, **IRIS | {"init_from": {"job": of.id}})
    with joined.database.transaction() as session:
        session.get_one(CheckpointChunk, (of.training.best.checkpoint, 0)).data = b"lost!"

    claim = joined.queue.claims.claim("cpu", "w")
    assert claim is not None
    assert claim.job_id == new.id
    with pytest.raises(WeightsUnreadable):
        joined.attempts.lifecycle.load(new.id, claim.attempt)
