"""A Celery application whose one task does nothing: the rate that the bare queue reaches."""

import os

from celery import Celery

app = Celery("noop", broker=os.environ["NOOP_BROKER"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1)


@app.task
def done(path: str) -> None:
    """Leave one byte in a file, so that the end can be seen without a result backend."""
    with open(path, "ab") as file:
        file.write(b".")
