"""`doctor`: one line a check, and a fix below each that failed."""

import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.errors import BatchyardError, Unauthorized

SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}
FIXES = {
    "database": "batchyard server migrate, or read the database's log",
    "migrations": "batchyard server migrate",
    "broker": "start Redis: docker compose up -d redis, or batchyard up",
    "storage": "free space in BATCHYARD_STORAGE_DIR",
    "workers": "read the worker's log: docker compose logs worker",
}
Check = tuple[str, str, str, str]  # name, state, words, fix


@click.command()
@global_options
def doctor() -> None:
    """Check client, server and its parts, and say how to fix faults."""
    checks = list(_checks())
    if session.wants_json():
        session.result([dict(zip(("check", "state", "message", "fix"), check, strict=True)) for check in checks])
    else:
        for name, state, words, fix in checks:
            click.echo(f" {SIGNS[state]} {name:<12} {words}")
            if fix:
                click.echo(f"   {'':<12} fix: {fix}")
    if any(state == "error" for _, state, _, _ in checks):
        click.get_current_context().exit(1)


def _checks() -> Iterator[Check]:
    ours = version("batchyard")
    yield "client", "ok", f"{ours}, Python {sys.version.split()[0]}", ""
    with session.client().with_options(max_retries=0, timeout=session.chosen("timeout", 10.0)) as by:
        try:
            service = by.service()
        except BatchyardError as error:
            start = f"batchyard up, or BATCHYARD_URL (now {by.base_url})"
            yield "server", "error", str(error), "batchyard login" if isinstance(error, Unauthorized) else start
            return
        theirs = str(service.get("version", "unknown version"))
        same = theirs == ours
        fix = "" if same else f"pip install batchyard=={theirs}"
        yield "server", "ok" if same else "warning", f"{by.base_url}  {theirs}", fix
        try:
            yield from _ready(by)
        except BatchyardError as error:
            yield "ready", "error", str(error), "read the server's log"


def _ready(by: Any) -> Iterator[Check]:
    answer = by.transport.http.get("/readyz")
    from batchyard.problems import parsed

    found = parsed(answer.content, by.base_url)
    for name, check in found.get("checks", {}).items():
        parts = (f"{value} ms" if key == "ms" else f"{key} {value}" for key, value in check.items() if key != "ok")
        words = ", ".join(parts)
        yield name, "ok" if check.get("ok") else "error", words, "" if check.get("ok") else FIXES.get(name, "its log")
    online = found.get("workers_online", 0)
    fix = "" if online else "batchyard up, or docker compose up -d worker"
    yield "online", "ok" if online else "warning", f"{online} worker{'' if online == 1 else 's'}", fix
