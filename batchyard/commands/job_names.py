"""Names of jobs for a shell that completes: asked for at once, and without a word when nobody answers."""

from typing import Any

import click

SOON_S = 0.7  #: longer, and somebody waits for their own keyboard
MOST = 50


def job(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Return the names and ids that begin so, newest first, each with its state."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=status) for name, status in _known(context, incomplete).items()]


def job_and_file(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Return what `job` does where nothing stands yet, and let the shell complete files."""
    from click.shell_completion import CompletionItem

    found = [] if context.params.get("names") else job(context, parameter, incomplete)
    return [*found, CompletionItem(incomplete, type="file")]


def dataset(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Return the names of data sets that begin so."""
    from click.shell_completion import CompletionItem

    found = _answer(context, "/api/v1/datasets", {"limit": MOST})
    names = dict.fromkeys(entry["name"] for entry in found if entry["name"].startswith(incomplete))
    return [CompletionItem(name) for name in names]


def _known(context: click.Context, incomplete: str) -> dict[str, str]:
    by_id = incomplete.startswith("job_")
    narrowed = {} if by_id or not incomplete else {"name": f"{incomplete}*"}
    pairs: dict[str, str] = {}
    for entry in _answer(context, "/api/v1/jobs", {"limit": MOST, **narrowed}):
        word = entry["id"] if by_id else entry["name"]
        if word.startswith(incomplete):
            pairs.setdefault(word, entry["status"])
    return pairs


def _answer(context: click.Context, path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    # Whatever goes wrong here, a traceback between two keystrokes helps nobody.
    try:
        from batchyard.client import Client

        server = (context.find_object(dict) or {}).get("server")
        with Client(server, timeout=SOON_S, max_retries=0) as by:
            found: list[dict[str, Any]] = by.transport.json("GET", path, params=params)["data"]
    except Exception:
        return []
    return found
