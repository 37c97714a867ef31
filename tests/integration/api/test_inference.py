"""The Open Inference Protocol, spoken by Triton's own client to the real server, and by what it would never send."""

import gzip
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton

from services.db.engine import Database
from services.db.schema import migrate
from services.specs.resolve.facts import ModelSizes
from services.training.model_summary import summary
from services.wiring.base import Base, Intake, base
from tests.conftest import QUICK
from tests.make import make_job, train
from tests.served import Served, served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gevent", "ignore::DeprecationWarning:tritonclient")
ROWS = np.array([[1.0, 2.0], [3.0, 0.5]], dtype=np.float32)
PEOPLE = {"age": [25.0, 41.0], "city": ["Ulm", "Bonn"], "new": [True, False]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[tuple[Served, Base]]:
    """A server with the jobs `numbers` (of which version 1 of `registered` is) and `people`."""
    folder: Path = tmp_path_factory.mktemp("served")
    settings = replace(QUICK, storage_dir=folder / "data")
    with closing(Database(settings)) as database:
        migrate(database)
    rooms = base(settings, Intake(ModelSizes(summary)))
    train(rooms, make_job(rooms, name="numbers").id)
    random = np.random.default_rng(0)
    lines = ["age,city,new,kind"]
    for n in range(60):
        age = int(random.integers(20, 60))
        lines.append(f"{age},{random.choice(['Ulm', 'Bonn'])},{n % 3 > 0},{'old' if age > 40 else 'young'}")
    with served(settings, valkey_url, folder / "log") as running:
        sent = running.ask("POST /api/v1/datasets?name=p.csv", "\n".join(lines).encode(), Content_Type="text/csv")
        data = {"dataset": sent.json()["id"], "target": "kind"}
        train(rooms, make_job(rooms, name="people", data=data, model="mlp", epochs=4).id)
        running.ask("POST /api/v1/models/registered/versions", b'{"job": "numbers"}')
        running.ask("PUT /api/v1/models/registered/aliases/champion", b'{"version": 1}')
        yield running, rooms
    rooms.database.close()


@pytest.fixture
def client(server: tuple[Served, Base]) -> Iterator[triton.InferenceServerClient]:
    """Triton's client, as it is installed."""
    with closing(triton.InferenceServerClient(f"127.0.0.1:{server[0].port}")) as client:
        yield client


def numbers(rows: np.ndarray = ROWS, *, binary: bool = True) -> list[triton.InferInput]:
    """Rows as the input of a model of numbers."""
    tensor = triton.InferInput("x", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return [tensor]


def by_json(server: Served, job: str, body: bytes) -> Any:
    """What our own interface answers."""
    return server.ask(f"POST /api/v1/jobs/{job}/predict", body).json()


def test_health_and_metadata_tell_the_true_inputs(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert client.is_model_ready("numbers")
    assert not client.is_model_ready("nothing")
    found = client.get_model_metadata("numbers")
    assert found["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
    assert found["outputs"] == [{"name": "prediction", "datatype": "FP32", "shape": [-1]}]
    people = client.get_model_metadata("people")
    assert [(it["name"], it["datatype"]) for it in people["inputs"]] == [
        ("age", "FP32"),
        ("city", "BYTES"),
        ("new", "BOOL"),
    ]
    assert {"name": "registered", "version": "1", "state": "READY", "reason": ""} in client.get_model_repository_index()


@pytest.mark.parametrize("sent", [True, False], ids=["binary in", "json in"])
@pytest.mark.parametrize("wanted", [True, False, None], ids=["binary out", "json out", "all outputs"])
@pytest.mark.parametrize("packed", [None, "gzip", "deflate"])
def test_tensors_give_the_numbers_of_json(
    server: tuple[Served, Base],
    client: triton.InferenceServerClient,
    sent: bool,
    wanted: bool | None,
    packed: str | None,
) -> None:
    expected = by_json(server[0], "numbers", b'{"x": [[1, 2], [3, 0.5]]}')["predictions"]
    outputs = None if wanted is None else [triton.InferRequestedOutput("prediction", binary_data=wanted)]

    answer = client.infer(
        "numbers",
        numbers(binary=sent),
        outputs=outputs,
        request_id="42",
        request_compression_algorithm=packed,
        response_compression_algorithm=packed,
    )

    assert answer.as_numpy("prediction").tolist() == expected
    assert answer.get_response()["id"] == "42"
    assert answer.get_response()["model_name"] == "numbers"


def test_columns_of_several_types_and_their_labels(
    server: tuple[Served, Base], client: triton.InferenceServerClient
) -> None:
    inputs = []
    for name, datatype, dtype in (("age", "FP32", np.float32), ("city", "BYTES", object), ("new", "BOOL", bool)):
        tensor = triton.InferInput(name, [2], datatype)
        tensor.set_data_from_numpy(np.array(PEOPLE[name], dtype=dtype))
        inputs.append(tensor)

    answer = client.infer("people", inputs)

    body = b'{"columns": {"age": [25, 41], "city": ["Ulm", "Bonn"], "new": [true, false]}}'
    expected = by_json(server[0], "people", body)
    assert answer.as_numpy("probabilities").tolist() == expected["probabilities"]
    assert [label.decode() for label in answer.as_numpy("label")] == expected["predictions"]


def test_a_registered_name_an_alias_a_job_and_their_versions(
    server: tuple[Served, Base], client: triton.InferenceServerClient
) -> None:
    job = server[1].jobs.lookup.get("local", "numbers")
    expected = client.infer("numbers", numbers()).as_numpy("prediction").tolist()

    for name in ("registered", "registered@champion", job.id):
        assert client.infer(name, numbers()).as_numpy("prediction").tolist() == expected
    assert client.infer("registered", numbers(), model_version="1").get_response()["model_version"] == "1"
    assert client.get_model_metadata("registered")["versions"] == ["1"]
    epochs = client.get_model_metadata("numbers")["versions"]
    assert str(job.training.best.epoch) in epochs
    for epoch in epochs:
        answer = client.infer("numbers", numbers(), model_version=epoch)
        assert answer.get_response()["model_version"] == epoch
    for name, version in (("registered", "9"), ("numbers", "999"), ("nothing", ""), ("registered@nobody", "")):
        with pytest.raises(triton.InferenceServerException):
            client.infer(name, numbers(), model_version=version)


def tensor(**changed: Any) -> dict[str, Any]:
    """One input, changed."""
    return {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]} | changed


BAD: dict[str, Any] = {
    "no json": b"{",
    "no inputs": {},
    "inputs that are none": {"inputs": 1},
    "shape of 10^9": {"inputs": [tensor(shape=[10**9, 2])]},
    "shape that multiplies": {"inputs": [tensor(shape=[2**30, 2**30, 2**30])]},
    "negative shape": {"inputs": [tensor(shape=[-1, 2])]},
    "shape of a bool": {"inputs": [tensor(shape=[True, 2])]},
    "wrong width": {"inputs": [tensor(shape=[1, 3], data=[1, 2, 3])]},
    "wrong rank": {"inputs": [tensor(shape=[2])]},
    "ragged": {"inputs": [tensor(shape=[2, 2], data=[[1, 2], [3]])]},
    "texts": {"inputs": [tensor(data=["1", "2"])]},
    "bools": {"inputs": [tensor(data=[True, False])]},
    "nulls": {"inputs": [tensor(data=[None, 2])]},
    "unknown datatype": {"inputs": [tensor(datatype="FP8")]},
    "bf16 in json": {"inputs": [tensor(datatype="BF16")]},
    "int beyond its type": {"inputs": [tensor(datatype="INT8", data=[1, 300])]},
    "beyond float32": {"inputs": [tensor(datatype="FP64", data=[1e300, 1])]},
    "no rows": {"inputs": [tensor(shape=[0, 2], data=[])]},
    "twice": {"inputs": [tensor(), tensor()]},
    "unknown input": {"inputs": [tensor(name="y")]},
    "unknown output": {"inputs": [tensor()], "outputs": [{"name": "z"}]},
    "size without bytes": {"inputs": [tensor(data=None, parameters={"binary_data_size": 8})]},
    "deep": b'{"inputs": ' + b"[" * 5_000,
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_tensors_is_a_400_with_an_error(server: tuple[Served, Base], name: str) -> None:
    import orjson

    body = BAD[name] if isinstance(BAD[name], bytes) else orjson.dumps(BAD[name])

    answer = server[0].ask("POST /v2/models/numbers/infer", body)

    assert answer.status == 400, answer.body
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("length", ["0", "5", "99999", "-1", "x"])
def test_a_header_length_that_lies_is_a_400(server: tuple[Served, Base], length: str) -> None:
    body = b'{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}]}'
    sent = body + struct.pack("<2f", 1, 2)
    good = server[0].ask("POST /v2/models/numbers/infer", sent, Inference_Header_Content_Length=len(body))

    answer = server[0].ask("POST /v2/models/numbers/infer", sent, Inference_Header_Content_Length=length)

    assert good.status == 200, good.body
    assert answer.status == 400, answer.body
    assert "error" in answer.json()


def test_a_body_that_inflates_is_refused_before_it_is_unpacked(server: tuple[Served, Base]) -> None:
    bomb = gzip.compress(b" " * (64 << 20))

    answer = server[0].ask("POST /v2/models/numbers/infer", bomb, Content_Encoding="gzip")
    cut = server[0].ask("POST /v2/models/numbers/infer", gzip.compress(b"{}")[:-4], Content_Encoding="gzip")
    unknown = server[0].ask("GET /v2/models/nothing")

    assert (answer.status, cut.status, unknown.status) == (413, 400, 404)
    assert all("error" in it.json() for it in (answer, cut, unknown))
