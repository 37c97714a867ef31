"""The doorbell: payload-less nudges in a list of Redis for each device. Nothing depends on their arrival."""

from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from services.errors import NotReady

WORK = "work"  #: name of the one task
DEVICES = ("cpu", "cuda")
TIMEOUT_S = 1.0


def list_of(device: str) -> str:
    """Return the name of the list that workers of a device hear."""
    return f"train-{device}"


class Bell:
    """Publishes nudges, each try bounded by a second."""

    def __init__(self, redis_url: str) -> None:
        self.celery = Celery("batchyard", broker=redis_url, set_as_current=False)
        timeouts = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "retry_on_timeout": False}
        self.celery.conf.update(
            task_ignore_result=True,
            task_serializer="json",
            broker_pool_limit=2,
            broker_transport_options=timeouts,
        )
        self.redis = Redis.from_url(
            plain_url(redis_url), socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=None
        )

    def depth(self, device: str) -> int:
        """Return how many nudges wait.

        Raises: NotReady when Redis does not answer.
        """
        try:
            return int(self.redis.llen(list_of(device)))
        except RedisError as error:
            raise NotReady("Redis does not answer.", checks={"broker": {"ok": False}}) from error

    def waiting(self, device: str) -> int:
        """Return how many nudges wait, in a Redis that takes more of them.

        Raises: NotReady when Redis does not answer or is full.
        """
        waiting = self.depth(device)
        try:
            memory: Any = self.redis.info("memory")
        except RedisError as error:
            raise NotReady("Redis does not answer.", checks={"broker": {"ok": False}}) from error
        if 0 < int(memory["maxmemory"]) < int(memory["used_memory"]):
            raise NotReady(
                "Redis has no room left (maxmemory) for nudges: jobs wait.", checks={"broker": {"ok": False}}
            )
        return waiting

    def ring(self, device: str, times: int) -> None:
        """Publish nudges.

        Raises: NotReady when Redis does not answer.
        """
        try:
            for _ in range(times):
                self.celery.send_task(WORK, queue=list_of(device), retry=False)
        except (OperationalError, RedisError, OSError) as error:
            raise NotReady("Redis does not accept nudges.", checks={"broker": {"ok": False}}) from error

    def close(self) -> None:
        """Close every connection."""
        self.celery.close()
        self.redis.close()


def nudge(bell: Bell, device: str, times: int, most: int) -> None:
    """Publish a nudge for each work that was just queued, without a look at the queue, up to `most` that wait.

    One too many costs a worker a claim that finds nothing. One too few is made up for by the next `top_up`.
    Raises: NotReady.
    """
    bell.ring(device, min(times, most - bell.depth(device)))


def top_up(bell: Bell, eligible: Callable[[str], int], device: str) -> int:
    """Publish as many nudges as eligible jobs lack one; return how many.

    One rule by level, not by event: it covers a lost nudge, an emptied Redis, an ended pause and a requeued job alike.
    Raises: NotReady.
    """
    wanted = eligible(device)
    lacking = wanted - bell.depth(device) if wanted else 0
    if lacking > 0:
        bell.ring(device, lacking)
    return max(0, lacking)


def plain_url(redis_url: str) -> str:
    """Return kombu's URL of a socket as redis-py takes it."""
    if redis_url.startswith("redis+socket://"):
        path, _, options = redis_url.removeprefix("redis+socket://").partition("?")
        number = options.removeprefix("virtual_host=") or "0"
        return f"unix://{path}?db={number}"
    return redis_url
