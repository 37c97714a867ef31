"""`completion`: what a shell needs to complete our commands."""

import click

from batchyard.command import global_options, main


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@global_options
def completion(shell: str) -> None:
    """Print a script for SHELL; with bash: eval "$(batchyard completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(main, {}, "batchyard", "_BATCHYARD_COMPLETE").source())
