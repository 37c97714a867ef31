"""`models`: what is registered, and which version an alias points to."""

from itertools import islice
from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.models import Model


@click.group()
def models() -> None:
    """Register models, list them, and move their aliases."""


@models.command("ls")
@click.option("-n", "--limit", default=20, help="How many.")
@global_options
def listed(limit: int) -> None:
    """List models by their names."""
    with session.client() as by:
        found = list(islice(by.models.list(), limit))
    session.listed(found, _model_line, "No models. Register one: batchyard models register NAME JOB")


@models.command()
@click.argument("name")
@global_options
def show(name: str) -> None:
    """Show a model's versions and aliases."""
    with session.client() as by:
        model = by.models.get(name)
    if session.wants_json():
        session.result(model.data)
    else:
        session.listed(model.versions, _version_line)


@models.command()
@click.argument("name")
@click.argument("job")
@click.option("--checkpoint", default="best", help="best, last, epoch:N or an id.")
@global_options
def register(name: str, job: str, checkpoint: str) -> None:
    """Register a checkpoint of JOB as the next version of NAME; prints its number."""
    with session.client() as by:
        version = by.models.register(name, job, checkpoint=checkpoint).versions[0]
    said = f"{name} version {version['version']}: {version['job']}, epoch {version['epoch']}"
    session.told(version, said, str(version["version"]))


@models.command()
@click.argument("name")
@click.argument("alias")
@click.argument("version", type=int)
@click.option("--gate", is_flag=True, help="Only if it is not worse on rows that neither has trained on.")
@click.option("--margin", type=float, help="With --gate: how much higher the mean cost may be.")
@click.option("--force", is_flag=True, help="Whatever the gate finds; needs --reason.")
@click.option("--reason", help="Kept in the history.")
@global_options
def alias(name: str, alias: str, version: int, **gate: Any) -> None:
    """Point ALIAS of the model NAME to VERSION."""
    with session.client() as by:
        model = by.models.get(name)
        model.move(alias, version, **{key: value for key, value in gate.items() if value not in {None, False}})
    session.told(model.data, f"{name}@{alias} is version {version}.")


@models.command()
@click.argument("name")
@click.argument("alias")
@global_options
def history(name: str, alias: str) -> None:
    """List the moves of ALIAS, newest first."""
    with session.client() as by:
        session.listed(by.models.get(name).history(alias), _move_line)


@models.command()
@click.argument("name")
@click.option("--version", type=int, help="Delete this version.")
@click.option("--alias", help="Delete this alias.")
@global_options
def rm(name: str, version: int | None, alias: str | None) -> None:
    """Delete a version or an alias of NAME."""
    if (version is None) == (alias is None):
        raise click.UsageError("Pass either --version or --alias.")
    with session.client() as by:
        model = by.models.get(name)
        if alias is not None:
            model.delete_alias(alias)
        elif version is not None:
            model.delete_version(version)
        session.say(f"{name} {f'@{alias}' if alias else f'version {version}'} is deleted.")


def _model_line(model: Model) -> str:
    count = f"{len(model.versions):>3} version{' ' if len(model.versions) == 1 else 's'}"
    aliases = "  ".join(f"@{alias} → {version}" for alias, version in model.aliases.items())
    return f"{model.name:<24} {count}  {aliases}"


def _version_line(version: dict[str, Any]) -> str:
    values = version["metrics"]
    costs = "  ".join(f"{key} {values[key]:.4g}" for key in ("train_cost", "val_cost") if values.get(key) is not None)
    aliases = " ".join(f"@{alias}" for alias in version["aliases"])
    return f"{version['version']:>4}  {version['job']}  epoch {version['epoch']}  {costs}  {aliases}"


def _move_line(move: dict[str, Any]) -> str:
    why = f"  {'forced: ' if move['forced'] else ''}{move['reason']}" if move["reason"] else ""
    return f"{move['created_at']}  {move['from_version'] or '-'} → {move['to_version'] or '-'}{why}"
