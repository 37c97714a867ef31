"""`login` and `logout`: a key is tried, then kept for the server that it opens."""

import sys
from urllib.parse import urlsplit

import click

from batchyard import configuration
from batchyard.client import Client
from batchyard.command import global_options
from batchyard.commands import session

HERE = {"127.0.0.1", "localhost", "::1"}


@click.command()
@global_options
def login() -> None:
    """Try a key and keep it for this server; it is typed, or read from standard input."""
    with session.client() as by:
        url = by.base_url
    key = click.prompt("Key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    with Client(url, api_key=key.strip(), timeout=session.chosen("timeout", 60.0)) as tried:
        found = tried.service()
    parts = urlsplit(url)
    if found.get("auth") != "keys":
        session.say(f"{url} asks for no keys; nothing was stored.")
        return
    kept = configuration.keep_key(url, key.strip())
    who = found["caller"]
    session.say(f"Logged in to {url} as {who['owner']} ({', '.join(who['scopes'])}). The key is stored in {kept}.")
    if parts.scheme == "http" and parts.hostname not in HERE:
        session.say("! Over http:// anyone on the way can read the key. Put a proxy with TLS in front of the server.")


@click.command()
@global_options
def logout() -> None:
    """Remove the stored key for this server. The key itself stays valid until it is revoked."""
    with session.client() as by:
        configuration.keep_key(by.base_url, None)
        session.say(f"The key for {by.base_url} was removed.")
