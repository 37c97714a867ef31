"""What the API shows of keys and of the audit log."""

from datetime import datetime
from typing import Literal

from api.schemas import Answer


class Key(Answer):
    """A key, without its token."""

    object: Literal["key"] = "key"
    id: str
    owner: str
    name: str | None
    scopes: list[str]
    status: Literal["active", "expired", "revoked"]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None


class NewKey(Key):
    """A key that was just made."""

    token: str
    """What opens. It is shown this once."""


class Owner(Answer):
    """What an owner may have at most, and has."""

    object: Literal["owner"] = "owner"
    owner: str
    own: dict[str, int | None]
    """What was set for this owner alone."""
    limits: dict[str, int | None]
    """What holds; null: any number."""
    used: dict[str, int]


class AuditEntry(Answer):
    """One request that changed something, or was refused because of its key."""

    object: Literal["audit_entry"] = "audit_entry"
    id: str
    created_at: datetime
    owner: str | None
    key_id: str | None
    action: str
    method: str
    path: str
    status: int
    address: str
    request_id: str
