"""Bare Celery around our own training: first come, first served, nothing kept. Runs in the project's environment."""

from celery import Celery

from benchmarks.peers.marking import SOCKET, mark
from benchmarks.persistence import job
from services.training.build import settle_process
from tests.make import make_training

app = Celery("training", broker=f"redis+socket://{SOCKET}?virtual_host=1")
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1)


@app.task
def train(path: str, epochs: int) -> None:
    """Train the job, then note the moment."""
    settle_process()
    for _costs in make_training(**job() | {"epochs": epochs}).fit():
        pass
    mark(path)
