"""The servers that `benchmarks/predict.py` measures: ours and its peers, each with the same weights.

What is started takes the cores of whoever starts it.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from services.db.engine import Database
from services.db.schema import migrate
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.training.model_summary import summary
from services.training.predictor import Predictor
from services.wiring.base import Intake, base
from tests.make import make_job, train
from tests.served import served

REPOSITORY = Path(__file__).parents[1]
FEATURES = 30
NO_REPORTS = {"DO_NOT_TRACK": "true", "BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true"}
START_S = 90


@dataclass(frozen=True)
class Servers:
    """Where ours answers, its job, and the peers that could be started."""

    port: int
    job: str
    peers: dict[str, int]  #: the port of each
    empty: int  #: the port of the empty Flask route
    absent: tuple[str, ...]  #: peers that could not be started


@contextmanager
def all_servers(folder: Path, redis: str, python: Path) -> Iterator[Servers]:
    """Train a net, and serve it from ours and from every peer that is installed for `python`."""
    settings = Settings(storage_dir=folder / "data")
    job, weights = _trained(settings, folder / "peer.safetensors")
    environ = os.environ | NO_REPORTS | {"PEER_WEIGHTS": str(weights), "PYTHONPATH": str(REPOSITORY)}
    environ |= {"PATH": f"{python.parent}:{os.environ['PATH']}", "BENTOML_HOME": str(folder / "bento")}
    with ExitStack() as stack:
        ours = stack.enter_context(served(settings, redis, folder / "log"))
        ports, absent = {}, []
        for name, command in _commands(python, folder, environ).items():
            try:
                ports[name] = stack.enter_context(_started(command, environ, folder / "peer.log"))
            except RuntimeError:
                absent.append(name)
        empty = ports.pop("an empty Flask route")
        yield Servers(ours.port, job, ports, empty, tuple(absent))


def _trained(settings: Settings, weights: Path) -> tuple[str, Path]:
    database = Database(settings)
    migrate(database)
    database.close()
    rooms = base(settings, Intake(ModelSizes(summary)))
    x = np.random.default_rng(0).normal(0, 2, (400, FEATURES)).round(3)
    data = {"x": x.tolist(), "y": (x[:, 0] * 2 - x[:, 1]).round(3).tolist(), "scale": "standard"}
    model = {"type": "mlp", "hidden": [64, 64], "number_embedding": None, "dropout": 0.0}
    job = train(rooms, make_job(rooms, data=data, model=model, epochs=3).id)
    save_file(_plain(rooms.jobs.lookup.content(rooms.jobs.lookup.checkpoint("local", job.id, "best"))), weights)
    rooms.database.close()
    return job.id, weights


def _plain(content: bytes) -> dict[str, torch.Tensor]:
    """Return the weights and the scalings as a user's own program would keep them."""
    predictor = Predictor.from_bytes(content)
    preprocessing = predictor.preprocessing
    found = {name: tensor.clone() for name, tensor in predictor.model.state_dict().items()}
    columns = [column.scaling for column in preprocessing.inputs]
    (target,) = preprocessing.target_scaling
    for name, scalings in (("", columns), ("target_", [target])):
        found[f"{name}shift"] = torch.tensor([scaling.shift for scaling in scalings])  # type: ignore[union-attr]
        found[f"{name}factor"] = torch.tensor([scaling.factor for scaling in scalings])  # type: ignore[union-attr]
    return found


def _commands(python: Path, folder: Path, environ: dict[str, str]) -> dict[str, list[str]]:
    """Return how each peer is started; `{port}` stands for its port."""
    here, module = str(python), "benchmarks.peers"
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--port", "{port}"]
    model = folder / "mlflow"
    if python.exists():
        save = [here, "-m", f"{module}.mlflow_predict", str(model)]
        subprocess.run(save, env=environ, cwd=REPOSITORY, capture_output=True, timeout=START_S, check=False)
    uvicorn = ["-m", "uvicorn", "--log-level", "warning"]
    serve = ["-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local", "--workers", "1"]
    return {
        "FastAPI": [here, *uvicorn, "--port", "{port}", f"{module}.fastapi_predict:app"],
        "LitServe": [here, "-m", f"{module}.litserve_predict", "{port}"],
        "BentoML": [here, "-m", "bentoml", "serve", f"{module}.bentoml_predict:Predict", "--port", "{port}"],
        "MLflow": [here, *serve, "--port", "{port}"],
        "an empty Flask route": [*granian, "--log-level", "error", f"{module}.empty_flask:app"],
    }


@contextmanager
def _started(command: list[str], environ: dict[str, str], log: Path) -> Iterator[int]:
    """Start a server and yield its port. Raises: RuntimeError when it does not answer."""
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"there is no {command[0]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(log, "a") as output:
        words = [word.format(port=port) for word in command]
        # A group of its own: some start their servers as children, which would stay.
        process = subprocess.Popen(
            words, env=environ, cwd=REPOSITORY, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_for(port, process)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("a peer does not answer")
