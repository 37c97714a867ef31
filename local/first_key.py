"""The first key of a stack that is opened to a network, and the names that it answers to."""

import socket

from services.accounts.adoption import adopt
from services.accounts.keys import KeyService
from services.accounts.scopes import Scope
from services.db.engine import Database
from services.settings import Settings


def make(database: Database, owner: str) -> str | None:
    """Make the first key, which opens everything; return what to say. None if there has been a key.

    Raises: InvalidRequest when the owner can't be called so.
    """
    keys = KeyService(database)
    if not keys.is_first():
        return None
    _, token = keys.create(owner, name="first", scopes=tuple(Scope))
    said = (
        f" ✓ key         {token}\n   It is {owner}'s, has all scopes and is shown only now. Store it: batchyard login"
    )
    moved = adopt(database)
    return f"{said}\n   {moved}" if moved else said


def allowed_hosts(settings: Settings) -> str:
    """Return the names that requests may ask for: the operator's, and those of this host where others reach it."""
    if not settings.is_open:
        return settings.allowed_hosts
    return ",".join(dict.fromkeys([settings.allowed_hosts, socket.gethostname(), socket.getfqdn()]))
