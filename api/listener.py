"""Who hears a stream: until its time is over, or the key that opened it is revoked."""

import time

from services.accounts.key_ring import KeyRing
from services.accounts.key_views import Grant


class Listener:
    """One reader of a stream. Lives longer than the request's context, so it carries what it needs."""

    def __init__(self, grant: Grant, keys: KeyRing, seconds: float) -> None:
        self.grant = grant
        self.keys = keys
        self.deadline = time.monotonic() + seconds

    @property
    def owner(self) -> str:
        """Whose things are told of."""
        return self.grant.owner

    @property
    def may_hear(self) -> bool:
        """Whether the key still opens."""
        return self.keys.is_open(self.grant)

    @property
    def left_s(self) -> float:
        """How long the stream may still live."""
        return self.deadline - time.monotonic()
