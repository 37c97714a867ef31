"""The keys of owners: made, listed and revoked. Each method is one transaction."""

import re
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from services import ids
from services.accounts import tokens
from services.accounts.key_views import KeyView
from services.accounts.scopes import USUAL, Scope
from services.db import changes
from services.db.account_tables import ApiKey
from services.db.engine import Database, now
from services.errors import Fault, InvalidRequest, NotFound

MOST = 10_000  #: keys that open at once; every process knows all of them by heart
OWNER = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"  #: what an owner can be called
SHOWN = 1_000


class KeyService:
    """Makes and revokes keys."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(
        self,
        owner: str,
        *,
        name: str | None = None,
        scopes: tuple[Scope, ...] = USUAL,
        lifetime: timedelta | None = None,
    ) -> tuple[KeyView, str]:
        """Make a key; return it and its token, which is never to be had again.

        Raises: InvalidRequest when the owner can't be called so, or there are too many keys.
        """
        check_owner(owner)
        token = tokens.new()
        with self.database.transaction() as session:
            time = now(session)
            if int(session.scalar(select(func.count()).where(opens(time))) or 0) >= MOST:
                raise InvalidRequest([Fault("#", "too_many", f"would be one more than {MOST} keys; revoke some")])
            row = ApiKey(
                id=ids.new("key"),
                owner=owner,
                name=name,
                sha256=tokens.digest(token),
                scopes=[str(scope) for scope in dict.fromkeys(scopes)],
                created_at=time,
                expires_at=time + lifetime if lifetime else None,
            )
            session.add(row)
            changes.note_keys(session)
            session.flush()
            return _view(row, time), token

    def listing(self, owner: str | None = None) -> list[KeyView]:
        """Return the keys of an owner, or of all, newest first; those that open no more, too."""
        query = select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id).limit(SHOWN)
        if owner is not None:
            query = query.where(ApiKey.owner == owner)
        with self.database.reading() as session:
            time = now(session)
            return [_view(row, time) for row in session.scalars(query)]

    def get(self, key_id: str) -> KeyView:
        """Return a key.

        Raises: NotFound.
        """
        with self.database.reading() as session:
            return _view(_row(session, key_id), now(session))

    def revoke(self, key_id: str) -> KeyView:
        """Let a key open nothing more. One that is revoked stays so.

        Raises: NotFound.
        """
        with self.database.transaction() as session:
            row = _row(session, key_id)
            if row.revoked_at is None:
                row.revoked_at = now(session)
                changes.note_keys(session)
            return _view(row, row.revoked_at)

    def is_first(self) -> bool:
        """Return whether there has never been a key."""
        with self.database.reading() as session:
            return session.scalar(select(ApiKey.id).limit(1)) is None


def check_owner(owner: str, pointer: str = "#/owner") -> None:
    """Refuse what nobody can be called.

    Raises: InvalidRequest.
    """
    if not re.fullmatch(OWNER, owner) or owner.endswith("\n"):
        detail = "must be 1 to 64 letters, digits and . _ @ -, the first a letter or digit"
        raise InvalidRequest([Fault(pointer, "invalid_name", detail, owner[:80])])


def opens(time: datetime) -> ColumnElement[bool]:
    """Return the condition of keys that open at a time."""
    return ApiKey.revoked_at.is_(None) & or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > time)


def _row(session: Session, key_id: str) -> ApiKey:
    row = session.get(ApiKey, key_id)
    if row is None:
        raise NotFound(f"There is no key {key_id[:80]!r}. Its id begins with key_; a token is not an id.")
    return row


def _view(row: ApiKey, time: datetime) -> KeyView:
    status = "active" if row.expires_at is None or row.expires_at > time else "expired"
    return KeyView(
        id=row.id,
        owner=row.owner,
        name=row.name,
        scopes=row.scopes,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        status="revoked" if row.revoked_at else status,
    )
