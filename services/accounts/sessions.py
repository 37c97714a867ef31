"""Sessions of browsers: a signed cookie that names a key and a time, so that a page never holds the token."""

import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

SECRET_BYTES = 32
FILE = "session.key"


class Sessions:
    """Signs and reads cookies. The secret is a file, so that who has a copy of the database can forge none."""

    def __init__(self, storage: Path, lifetime_s: float) -> None:
        self.secret = _secret(storage / FILE)
        self.lifetime_s = lifetime_s

    def begin(self, key_id: str) -> str:
        """Return the cookie of a session that a key opened."""
        said = f"{key_id}.{int(time.time() + self.lifetime_s)}"
        return f"{said}.{self._signature(said)}"

    def key_id(self, cookie: str) -> str | None:
        """Return the key that a cookie names; None if it is not ours or over."""
        said, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(self._signature(said).encode(), signature.encode("utf-8", "surrogateescape")):
            return None
        key_id, _, ends = said.rpartition(".")
        return key_id if time.time() < int(ends) else None

    def _signature(self, said: str) -> str:
        text = b"session\0" + said.encode("utf-8", "surrogateescape")
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()


def _secret(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(SECRET_BYTES))
        try:
            os.link(draft, path)  # of two processes that begin at once the first one's stays
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
