"""`status`, `catalog`, `api`, `config` and `version`."""

from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.commands.workers import NONE, line


@click.command()
@global_options
def status() -> None:
    """Show the queue and the workers."""
    with session.client() as by:
        found = by.queue.get()
    if session.wants_json():
        session.result(found)
        return
    for queue in found["queues"]:
        click.echo(f"{queue['name']:<6} {queue['queued']} queued, {queue['running']} running")
    if found.get("paused"):  # an older server knows no pauses
        session.say("! The queue is paused: nothing that waits starts. Resume it: batchyard queue resume")
    session.listed(found["workers"], line, NONE)


@click.command()
@click.argument("kind", required=False)
@global_options
def catalog(kind: str | None) -> None:
    """List what a spec can name. KIND is one of models, losses, optimizers, ..."""
    with session.client() as by:
        found = {name: entries for name, entries in by.catalog().items() if isinstance(entries, list)}
    if kind and kind not in found:
        raise click.UsageError(f"There is no kind {kind!r}. Choose one of: {', '.join(found)}.")
    shown = {kind: found[kind]} if kind else found
    if session.wants_json():
        session.result(shown)
        return
    for name, entries in shown.items():
        click.echo(name)
        for entry in entries:
            parameters = ", ".join(f"{p['name']}={p.get('default')}" for p in entry.get("parameters", []))
            click.echo(f"  {entry['type']:<18} {entry.get('doc', '')}  {parameters}".rstrip())


@click.command()
@click.argument("path")
@click.option("-X", "--method", help="Default: GET, or POST if there are fields.")
@click.option(
    "-f", "--field", "fields", multiple=True, metavar="KEY=VALUE", help="A field of the JSON body; repeatable."
)
@global_options
def api(path: str, method: str | None, fields: tuple[str, ...]) -> None:
    """Send one request and print the answer; PATH such as /api/v1/queue, or queue."""
    from batchyard.commands.submit import parsed_changes

    whole = path if path.startswith("/") else f"/api/v1/{path}"
    body: Any = parsed_changes(fields) if fields else None
    with session.client() as by:
        answer = by.transport.request(method or ("POST" if fields else "GET"), whole, json=body, repeatable=False)
    click.echo(answer.text)


@click.command()
@global_options
def config() -> None:
    """Show which server and key are used, and where they were set."""
    with session.client() as by:
        found = by.configuration
    shown = {"server": found.url, "from": found.source, "key": "set" if found.api_key else "none"}
    if session.wants_json():
        session.result(shown)
        return
    for name, value in shown.items():
        click.echo(f"{name:<8}{value}")


@click.command()
@global_options
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    click.echo(f"batchyard {installed('batchyard')}")
