"""What is shown of keys, and what a request is allowed by one."""

import math
import time
from dataclasses import dataclass
from datetime import datetime

from services.accounts.scopes import ALL, Scope

LOCAL = "local"  #: whose everything is while there are no keys


@dataclass(frozen=True)
class KeyView:
    """A key as its list shows it; of the token only who has it knows."""

    id: str
    owner: str
    name: str | None
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    status: str  #: active, expired or revoked


@dataclass(frozen=True)
class Grant:
    """Who asks, and what is allowed: a key that opens now."""

    owner: str
    scopes: frozenset[Scope]
    key_id: str | None = None  #: None while there are no keys
    sha256: str = ""
    ends: float = math.inf  #: by the clock of `time.monotonic` here

    @property
    def is_open(self) -> bool:
        """Whether it has not expired."""
        return time.monotonic() < self.ends


WITHOUT_KEYS = Grant(LOCAL, ALL)
NOBODY = Grant("", frozenset())  #: who has no key, where none is needed
