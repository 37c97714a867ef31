"""The worker's connection to Redis: quick to come back, and deaf to what is no message."""

from typing import Any

import structlog
from kombu import Connection
from kombu.transport import redis

log = structlog.get_logger()

#: kombu's own pause grows to 30 s and has no setting; a lost Redis is looked for five times a second at first.
QUICK = {"interval_start": 0.2, "interval_step": 0.2, "interval_max": 2}


class Channel(redis.Channel):
    """A channel that drops what it can't read, where kombu's would end the whole worker."""

    def _brpop_read(self, **options: Any) -> Any:
        channel: Any = super()  # kombu's types do not know the method
        try:
            return channel._brpop_read(**options)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("dropped something from the queue that is not a message", error=repr(error)[:200])
            return True


class Transport(redis.Transport):
    """Redis with our channel."""

    Channel = Channel


class QuickConnection(Connection):
    """A connection of our transport with short pauses."""

    def get_transport_cls(self) -> type[Transport]:
        """Return our transport: every broker here is a Redis or a Valkey."""
        return Transport

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """Connect, with short pauses."""
        return super().ensure_connection(*args, **(options | QUICK))

    def _ensure_connection(self, *args: Any, **options: Any) -> Any:
        return super()._ensure_connection(*args, **(options | QUICK))
