"""`up`, `demo` and `server`: this process is replaced by the server's own program."""

import importlib.util
import os
import sys

import click

PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}


@click.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def up(arguments: tuple[str, ...]) -> None:
    """Run the whole service on this machine; Ctrl-C drains and stops it."""
    _become("local", "up", *arguments)


@click.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """Train the tutorial's job on a stack of its own, and stop."""
    _become("local", "demo", *arguments)


@click.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def server(arguments: tuple[str, ...]) -> None:
    """Run one part alone: api, worker, dispatcher, migrate or healthcheck."""
    _become("local.parts", *arguments)


def _become(module: str, *arguments: str) -> None:
    if importlib.util.find_spec("local") is None:
        raise click.ClickException(
            "this is the client alone; the server is run from a checkout (make up) or an image (docker compose up)."
        )
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
