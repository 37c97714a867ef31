"""Huey: one task, no results."""

from huey import RedisHuey

from benchmarks.peers.marking import SOCKET, mark, tell

huey = RedisHuey("marks", results=False, url=f"unix://{SOCKET}?db=5")


@huey.task()
def marked(path: str) -> None:
    """Note the moment."""
    mark(path)


if __name__ == "__main__":
    from benchmarks.peers import huey_queue

    tell(huey_queue.marked)
