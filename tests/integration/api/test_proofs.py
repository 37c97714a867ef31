"""A job that is trained again is compared to the bit, and an answer that is predicted again to each number."""

import struct
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from services.db.tables import Epoch
from services.wiring.base import Base
from tests.batches import trained
from tests.make import make_job, train

NET: dict[str, Any] = {"model": {"type": "mlp", "hidden": [4], "dropout": 0.2}, "epochs": 4, "batch_size": 4}


def test_a_job_that_is_trained_again_is_equal_to_the_bit(client: FlaskClient, joined: Base) -> None:
    job = trained(joined, **NET)
    path = f"/api/v1/jobs/{job.id}/verify"
    assert client.get(path).status_code == 404

    asked = client.post(path)
    queued = asked.get_json()
    assert (asked.status_code, asked.headers["Location"]) == (202, path)
    assert (queued["job"], queued["done"], queued["equal"]) == (job.id, False, None)
    train(joined, queued["repeat"])

    found = client.get(path).get_json()
    assert client.get(f"/api/v1/jobs/{job.name}/verify").get_json() == found  # the repeat has the name now
    assert (found["done"], found["equal"], found["epochs_compared"]) == (True, True, 4)
    assert (found["first_difference"], found["environment"]) == (None, {})
    assert joined.lookup.get("local", queued["repeat"]).origin.retry_of == job.id


def test_the_first_batch_that_differs_is_named_and_so_is_a_value_of_an_epoch(client: FlaskClient, joined: Base) -> None:
    job = trained(joined, **NET)
    path = f"/api/v1/jobs/{job.id}/verify"
    train(joined, client.post(path).get_json()["repeat"])
    mine = (Epoch.job_id == job.id, Epoch.epoch == 3)
    with joined.database.transaction() as session:
        packed = session.scalar(select(Epoch.batch_costs).where(*mine)) or b""
        altered = packed[:4] + struct.pack("<f", 1e9) + packed[8:]
        session.execute(update(Epoch).where(*mine).values(batch_costs=altered))

    by_batch = client.get(path).get_json()
    with joined.database.transaction() as session:
        session.execute(update(Epoch).where(*mine).values(batch_costs=packed))
        session.execute(update(Epoch).where(Epoch.job_id == job.id, Epoch.epoch == 2).values(val_cost=0.25))
    by_value = client.get(path).get_json()

    assert (by_batch["equal"], by_batch["epochs_compared"]) == (False, 2)
    first = by_batch["first_difference"]
    assert (first["epoch"], first["value"], first["batch"], first["job"]) == (3, "batch_cost", 2, 1e9)
    assert by_value["first_difference"]["epoch"] == 2
    assert (by_value["first_difference"]["value"], by_value["first_difference"]["job"]) == ("val_cost", 0.25)


def test_only_a_job_that_has_succeeded_is_verified_and_a_changed_retry_is_no_repeat(
    client: FlaskClient, joined: Base
) -> None:
    waiting = make_job(joined)
    refused = client.post(f"/api/v1/jobs/{waiting.id}/verify")
    train(joined, waiting.id)
    other = client.post(f"/api/v1/jobs/{waiting.id}/retry", json={"spec": {"epochs": 2}}).get_json()

    assert (refused.status_code, refused.get_json()["code"]) == (409, "invalid_transition")
    assert client.get(f"/api/v1/jobs/{waiting.id}/verify").status_code == 404
    assert client.get(f"/api/v1/jobs/{other['id']}/verify").status_code == 404
    assert client.post("/api/v1/jobs/none/verify").status_code == 404
    keyed = [client.post(f"/api/v1/jobs/{waiting.id}/verify", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert keyed[0].get_json()["repeat"] == keyed[1].get_json()["repeat"] != other["id"]


def test_an_answer_is_the_same_when_it_is_predicted_again_and_a_forged_one_is_not(
    client: FlaskClient, joined: Base
) -> None:
    job = trained(joined, data={"builtin": "iris"}, model="mlp", epochs=2)
    rows = {"x": [[5.1, 3.5, 1.4, 0.2], [6.2, 3.4, 5.4, 2.3]]}
    answer = client.post(f"/api/v1/jobs/{job.id}/predict", json=rows).get_json()

    def replayed(changes: dict[str, Any]) -> Any:
        return client.post("/api/v1/predictions/replay", json={"answer": answer | changes, "rows": rows})

    same = replayed({}).get_json()
    forged = replayed({"probabilities": [answer["probabilities"][0], [0.5, 0.25, 0.25]]}).get_json()
    other = replayed({"weights_sha256": "0" * 64}).get_json()

    assert (same["same"], same["differing_rows"], same["rows"]) == (True, 0, 2)
    assert (same["checkpoint"], same["weights_sha256"]) == (answer["checkpoint"]["id"], answer["weights_sha256"])
    assert (forged["same"], forged["differing_rows"]) == (False, 1)
    assert forged["differences"][0] == {
        "row": 1,
        "output": "probabilities",
        "answered": [0.5, 0.25, 0.25],
        "now": answer["probabilities"][1],
    }
    assert (other["same"], other["weights_same"], other["differing_rows"]) == (False, False, 0)
    gone = replayed({"checkpoint": {"id": "ckpt_gone"}})
    short = replayed({"predictions": ["setosa"]})
    empty = replayed({"predictions": None, "probabilities": None})
    assert (gone.status_code, short.status_code, empty.status_code) == (404, 422, 422)
    assert short.get_json()["errors"][0]["pointer"] == "#/answer/predictions"


def test_an_answer_of_a_better_checkpoints_predecessor_can_not_be_replayed_for_another(
    client: FlaskClient, joined: Base
) -> None:
    first, second = (trained(joined, **NET, seed=seed) for seed in (1, 2))
    rows = {"x": [[1.0, 2.0]]}
    answer = client.post(f"/api/v1/jobs/{first.id}/predict", json=rows).get_json()

    mixed = client.post("/api/v1/predictions/replay", json={"answer": answer | {"job": second.id}, "rows": rows})

    assert mixed.status_code == 404
