"""The blocking client is the same source as the one for asyncio."""

import inspect
from pathlib import Path

import pytest

import batchyard
from batchyard import aio, client, datasets, job_future, jobs, queue
from batchyard.aio import client as aio_client
from batchyard.aio import datasets as aio_datasets
from batchyard.aio import job_future as aio_job
from batchyard.aio import jobs as aio_jobs
from batchyard.aio import queue as aio_queue
from docs import sync_client

PAIRS = [
    (client.Client, aio_client.Client),
    (job_future.Job, aio_job.Job),
    (jobs.Jobs, aio_jobs.Jobs),
    (datasets.Datasets, aio_datasets.Datasets),
    (queue.Queue, aio_queue.Queue),
]


@pytest.mark.parametrize("path", sync_client.generated(), ids=lambda path: path.name)
def test_a_blocking_file_is_up_to_date(path: Path) -> None:
    assert path.read_text() == sync_client.generated()[path], "run: make client"


@pytest.mark.parametrize(("blocking", "awaited"), PAIRS, ids=lambda kind: kind.__module__)
def test_both_clients_have_the_same_methods_with_the_same_parameters(blocking: type, awaited: type) -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {name: list(inspect.signature(method).parameters) for name, method in found if not name.startswith("_")}

    assert methods(blocking) == methods(awaited)
    assert methods(blocking)


def test_the_package_names_both() -> None:
    assert batchyard.Client is client.Client
    assert aio.Client is aio_client.Client
    assert callable(batchyard.job)
