"""The ways of a claim, of an epoch and of a prediction: their statements, their files, and that no call goes up.

Files are those that stand between the call and a statement, as in `test_submit_walk.py`; of a warm prediction, which
has no statement, those of its room.
"""

from flask.testing import FlaskClient

from services.attempts.recorder import Recorder
from services.wiring.base import Base
from tests.integration.services.test_recorder import Contents, begin, feed
from tests.make import SMALL, make_job, train
from tests.rules.walk import Walk, walked

CLAIM = 5  #: statements: ended waits, the job, its owner's turn, its event, the change counter
#: The job; of the best and the last checkpoint a row and the bytes; epochs, events, what is pruned, the change counter.
FLUSH = 9
#: The change counters; the job, its newest epoch; once more the job, its row and its checkpoints; the bytes.
COLD_READS = 7
COLD_FILES = 11  #: two of them where the change counters are asked for


def claimed(joined: Base) -> Walk:
    make_job(joined, seed=1)
    make_job(joined, seed=2)
    joined.queue.claims.claim("cpu", "w")
    return walked(lambda: joined.queue.claims.claim("cpu", "w"), joined.database.engine)


def flushed(joined: Base) -> Walk:
    """Two flushes of an epoch that is the best; return the second."""
    contents, time = Contents(), [0.0]
    recorder = Recorder(joined.database, joined.settings, begin(joined), contents, clock=lambda: time[0])
    feed(recorder, contents, range(1, 2))
    time[0] = 100.0
    return walked(lambda: feed(recorder, contents, range(2, 3)), joined.database.engine)


def predicted(client: FlaskClient, joined: Base) -> tuple[Walk, Walk]:
    """Predict with a job that was just trained, then until what changed of it is known; return both walks."""
    job = make_job(joined)
    train(joined, job.id)

    def predict() -> None:
        answer = client.post(f"/api/v1/jobs/{job.id}/predict", json={"x": SMALL["data"]["x"][:2]})
        assert answer.status_code == 200, answer.get_json()

    cold = walked(predict, joined.database.engine)
    for _ in range(100):
        warm = walked(predict, joined.database.engine)
        if not warm.reads:
            break
    return cold, warm


def test_a_claim_is_one_transaction_of_few_statements_in_few_files(joined: Base) -> None:
    walk = claimed(joined)

    assert 3 <= len(walk.statements) <= CLAIM, walk.statements
    assert walk.reads == []
    assert walk.upward() == []
    assert walk.to_the_tables <= {
        "services/queue/claims.py",
        "services/db/job_rows.py",
        "services/db/engine.py",
        "services/db/changes.py",
    }


def test_an_epoch_is_one_transaction_of_few_statements_in_few_files(joined: Base) -> None:
    walk = flushed(joined)

    assert 6 <= len(walk.statements) <= FLUSH, walk.statements
    assert walk.reads == []
    assert walk.upward() == []
    assert walk.to_the_tables <= {
        "services/attempts/recorder.py",
        "services/attempts/checkpoints.py",
        "services/attempts/epochs.py",
        "services/db/engine.py",
        "services/db/changes.py",
    }


def test_a_prediction_writes_nothing_and_a_warm_one_asks_nothing(client: FlaskClient, joined: Base) -> None:
    cold, warm = predicted(client, joined)
    room = [path for path in warm.files if path.startswith(("api/predictions.py", "services/predictions/"))]

    # A thread beside the requests asks again and again whether something has changed.
    reads = [[read for read in walk.reads if "change_counters" not in read] for walk in (cold, warm)]
    assert cold.statements == warm.statements == reads[1] == []
    assert 1 <= len(reads[0]) <= COLD_READS, cold.reads
    assert cold.upward() == warm.upward() == []
    assert len(cold.to_the_tables) <= COLD_FILES, sorted(cold.to_the_tables)
    assert len(room) <= 9, room
