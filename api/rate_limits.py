"""What is left of a quota, in the headers of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-10)."""

from typing import Any


def policy(quota: dict[str, Any]) -> str:
    """Return what is allowed, for `RateLimit-Policy`: `"submits";q=10;w=60`."""
    window = f";w={quota['window_seconds']}" if quota["window_seconds"] else ""
    return f'"{quota["name"]}";q={quota["limit"]}{window}'


def left(quota: dict[str, Any], reset_s: int | None) -> str:
    """Return what is left and in how many seconds there is more, for `RateLimit`: `"submits";r=0;t=12`."""
    reset = f";t={reset_s}" if reset_s else ""
    return f'"{quota["name"]}";r={max(0, quota["limit"] - quota["used"])}{reset}'
