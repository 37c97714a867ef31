"""Tokens: what a caller shows. 256 random bits that are stored as a digest alone, so that a copy opens nothing."""

import hashlib
import secrets

from services import ids

PREFIX = "by_"  #: by which a scanner of leaked secrets knows one
LENGTH = 52  #: characters of 5 random bits: 260
MOST = 200  #: characters that are looked at; what is longer is no token


def new() -> str:
    """Return a fresh token."""
    return PREFIX + "".join(secrets.choice(ids.ALPHABET) for _ in range(LENGTH))


def digest(token: str) -> str:
    """Return what is stored of a token. It has as many random bits as the digest, so it needs no salt and no delay."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
