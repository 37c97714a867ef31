"""Bare Celery: one task, no results."""

from celery import Celery

from benchmarks.peers.marking import SOCKET, mark, tell

app = Celery("marks", broker=f"redis+socket://{SOCKET}?virtual_host=2")
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1)


@app.task
def marked(path: str) -> None:
    """Note the moment."""
    mark(path)


if __name__ == "__main__":
    from benchmarks.peers import celery_queue

    tell(celery_queue.marked.delay)
