"""What the client is told from outside: address and key, and what it remembers between two commands."""

import json
import os
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchyard import key_store

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Configuration:
    """Where the server is, and what opens it."""

    url: str
    api_key: str | None = None
    source: str = "default"  #: where the address stands


def configuration(url: str | None = None, api_key: str | None = None) -> Configuration:
    """Return what holds: what is passed, else the environment, else `.batchyard.toml` here, else the user's file.

    A key that is stored goes only to the server that it was stored for.
    Raises: ValueError naming the file that can't be read.
    """
    stored, source = _stored()
    variable = next((name for name in ("BATCHYARD_URL", "BATCHYARD_SERVER") if os.environ.get(name)), None)
    own = _clean(str(stored["server"])) if stored.get("server") else DEFAULT_URL
    if url:
        where, source = _clean(url), "argument"
    elif variable:
        where, source = _clean(os.environ[variable]), variable
    else:
        where, source = own, source if stored.get("server") else "default"
    key = api_key or os.environ.get("BATCHYARD_API_KEY") or key_store.key_of(_folder(), where)
    return Configuration(where, key or (stored.get("api_key") if where == own else None), source)


def keep_key(url: str, key: str | None) -> Path:
    """Keep the key of a server, or forget it; return the file.

    Raises: OSError.
    """
    key_store.store(_folder(), url, key)
    return key_store.path(_folder())


def remember(url: str, job_id: str) -> None:
    """Keep the id of the job that was submitted last to this server. What can't be kept is forgotten."""
    with suppress(OSError):
        path = _state_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(_last_jobs() | {url: job_id}))
        draft.replace(path)


def last_job(url: str) -> str | None:
    """Return the id of the job that was submitted last to this server."""
    return _last_jobs().get(url)


def terminal_is_dumb() -> bool:
    """Return whether the terminal can't move its cursor."""
    return os.environ.get("TERM") == "dumb"


def _last_jobs() -> dict[str, str]:
    try:
        found = json.loads(_state_file().read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _state_file() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "batchyard" / "last_jobs.json"


def _folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "batchyard"


def _stored() -> tuple[dict[str, Any], str]:
    for path in (Path(".batchyard.toml"), _folder() / "config.toml"):
        try:
            return tomllib.loads(path.read_text()), str(path)
        except OSError:
            continue
        except ValueError as error:
            raise ValueError(f"{path} is not valid TOML: {error}. Correct or delete it.") from error
    return {}, ""


def _clean(url: str) -> str:
    url = url.strip().rstrip("/")
    return url if "://" in url else f"http://{url}"
