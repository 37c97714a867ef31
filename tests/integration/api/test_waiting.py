"""Those who wait hold no connection to the database, and are told what they wait for."""

import threading
import time

from flask import Flask
from sqlalchemy import QueuePool

from services.wiring.base import Base
from tests.make import make_job


def test_no_database_connection_is_held_while_many_wait(app: Flask, joined: Base) -> None:
    job = make_job(joined)
    pool = joined.database.engine.pool
    assert isinstance(pool, QueuePool)

    def wait(n: int) -> None:
        if n % 2:
            list(
                app.test_client().get(f"/api/v1/jobs/{job.id}/events", headers={"Accept": "text/event-stream"}).response
            )
        else:
            asked = {"If-None-Match": f'W/"{job.events_seq}"', "Prefer": "wait=60"}
            app.test_client().get(f"/api/v1/jobs/{job.id}", headers=asked)

    waiting = [threading.Thread(target=wait, args=(n,)) for n in range(50)]
    for thread in waiting:
        thread.start()
    watcher = app.extensions["batchyard.watcher"]
    deadline = time.monotonic() + 60
    while watcher.awaited[job.id] < 50 and time.monotonic() < deadline:
        time.sleep(0.05)
    held = min(_checked_out(pool) for _ in range(20))  # the watcher itself looks now and then
    awaited = watcher.awaited[job.id]
    joined.jobs.commands.cancel("local", job.id)
    for thread in waiting:
        thread.join(timeout=60)

    assert awaited == 50
    assert held == 0
    assert not any(thread.is_alive() for thread in waiting)


def _checked_out(pool: QueuePool) -> int:
    time.sleep(0.02)
    return pool.checkedout()
