"""The signature of a webhook. Source: standardwebhooks.com, version 1: symmetric, `v1`."""

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64


def new_secret() -> str:
    """Return a fresh secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret.

    Raises: ValueError saying how one is written.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"must be {PREFIX} and the base64 of {LEAST_BYTES} to {MOST_BYTES} random bytes")
    return key


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers by which a receiver knows who sent this, and when."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
