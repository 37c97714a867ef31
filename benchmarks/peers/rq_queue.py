"""RQ: one function, its results thrown away."""

from redis import Redis
from rq import Queue

from benchmarks.peers.marking import SOCKET, mark, tell

queue = Queue("marks", connection=Redis.from_url(f"unix://{SOCKET}?db=3"))


if __name__ == "__main__":
    tell(lambda path: queue.enqueue(mark, path, result_ttl=0))
