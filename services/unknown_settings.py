"""What in the environment looks like a setting of the server and is none."""

from collections.abc import Iterable
from difflib import get_close_matches

from services.errors import SettingInvalid

#: Variables of the command, of compose.yaml and of the tests, which a process of the server may find beside its own.
OTHERS = [
    "URL",
    "SERVER",
    "API_KEY",
    "COMPLETE",
    "IMAGE",
    "VERSION",
    "HOST",
    "PORT",
    "DATABASE_PASSWORD",
    "API_MEMORY",
    "WORKER_CPUS",
    "WORKER_MEMORY",
    "GPU_WORKER_CPUS",
    "GPU_WORKER_MEMORY",
    "CHAOS_SEED",
    "SOAK_MINUTES",
]
#: Settings that have another name since, and that name.
RENAMED = {"WISH_INTERVAL_S": "STOP_POLL_INTERVAL_S"}


def refuse_unknown(given: Iterable[str], known: list[str], prefix: str) -> None:
    """Refuse what is no setting: a misspelt one would otherwise be a default that nobody chose.

    Raises: SettingInvalid with the name that was meant.
    """
    for name in sorted(set(given) - {prefix + other for other in OTHERS}):
        if renamed := RENAMED.get(name.removeprefix(prefix)):
            raise SettingInvalid(f"{name} is called {prefix}{renamed} now; set that instead.")
        near = get_close_matches(name, known, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise SettingInvalid(f"{name} is not a setting.{meant} All settings: docs/reference/settings.md.")
