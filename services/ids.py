"""Ids: a prefix that names the kind, and 20 random characters of Crockford's base 32."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 20  #: 100 random bits


def new(kind: str) -> str:
    """Return a fresh id such as `job_7k2mq4xw9c3t5v8b1n6d`. `kind` is job, ds, ckpt or req."""
    return f"{kind}_" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
