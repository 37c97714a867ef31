"""`up`, `demo` and `server`: this process is replaced by the server's own program."""

import importlib.util
import os
import sys

import click

PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}


@click.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def up(arguments: tuple[str, ...]) -> None:
    """Run the whole service on this machine; Ctrl-C stops it."""
    _become("local", "up", *arguments)


@click.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """Train the tutorial's job on a temporary stack, and stop."""
    _become("local", "demo", *arguments)


@click.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def server(arguments: tuple[str, ...]) -> None:
    """Run one part (api, worker, dispatcher, migrate, healthcheck), or operate it: keys, backup, restore, prune."""
    _become("local.parts", *arguments)


def _become(module: str, *arguments: str) -> None:
    if importlib.util.find_spec("local") is None:
        raise click.ClickException(
            "only the client is installed here; run the server from a checkout (make up) or with docker compose up."
        )
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
