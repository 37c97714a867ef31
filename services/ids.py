"""Ids: a prefix that names the kind, and 20 random characters of Crockford's base 32."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 20  #: 100 random bits
_CHARACTERS = bytes(ord(ALPHABET[byte % 32]) for byte in range(256))


def new(kind: str) -> str:
    """Return a fresh id such as `job_7k2mq4xw9c3t5v8b1n6d`. `kind` is job, ds, ckpt or req."""
    # Of every byte the 5 bits that choose one of 32 characters: each is as likely as any other.
    return f"{kind}_" + secrets.token_bytes(LENGTH).translate(_CHARACTERS).decode()
