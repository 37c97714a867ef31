"""Dramatiq: one actor, no results."""

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from redis import Redis

from benchmarks.peers.marking import SOCKET, mark, tell

dramatiq.set_broker(RedisBroker(client=Redis.from_url(f"unix://{SOCKET}?db=4")))


@dramatiq.actor
def marked(path: str) -> None:
    """Note the moment."""
    mark(path)


if __name__ == "__main__":
    from benchmarks.peers import dramatiq_queue

    tell(dramatiq_queue.marked.send)
