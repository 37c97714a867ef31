"""A stream of events that breaks anywhere goes on where it broke, while the job trains."""

import random
import re
import threading

from flask.testing import FlaskClient

from services.wiring.base import Base
from tests.make import make_job, train

MESSAGE = re.compile(rb"id: (\d+)\nevent: (\w+)\n.*\n\n")


def read(client: FlaskClient, address: str, last: int, most: int) -> bytes:
    """Return the first bytes of a stream after an event, then hang up."""
    response = client.get(address, headers={"Accept": "text/event-stream", "Last-Event-ID": str(last)})
    heard = b""
    for chunk in response.response:
        heard += chunk
        if len(heard) >= most:
            break
    response.close()
    return heard[:most]


def test_a_stream_that_breaks_at_any_byte_loses_and_doubles_no_event(client: FlaskClient, joined: Base) -> None:
    job = make_job(joined, epochs=40)
    trainer = threading.Thread(target=train, args=(joined, job.id))
    trainer.start()
    cut, heard = random.Random(0), []
    while not heard or heard[-1][1] != b"end":
        last = heard[-1][0] if heard else 0
        piece = read(client, f"/api/v1/jobs/{job.id}/events", last, cut.randrange(1, 2_000))
        heard += [(int(seq), kind) for seq, kind in MESSAGE.findall(piece)]
    trainer.join()

    stored = joined.jobs.lookup.events("local", job.id, limit=1_000)
    assert heard == [(event.seq, event.type.encode()) for event in stored]
