"""`batchyard server keys`: keys made, listed and revoked beside the database, also while nothing runs."""

import argparse
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.accounts.audit import Entry, write
from services.accounts.key_views import KeyView
from services.accounts.keys import KeyService
from services.accounts.lifetimes import lifetime
from services.accounts.scopes import USUAL, scopes_of
from services.db.engine import Database
from services.db.schema import check_schema, current, migrate
from services.errors import InvalidRequest
from services.settings import Settings

COMMAND = "command"  #: where what is done here comes from, as the audit log says it


def add_parser(parts: Any) -> None:
    """Add the command to those of the server."""
    part = parts.add_parser("keys", help="makes, lists and revokes keys")
    verbs = part.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("create", help="make a key and print it; it is never shown again")
    verb.add_argument("--owner", required=True, help="whose key it is")
    verb.add_argument("--name", help="a name that tells it apart from the owner's other keys")
    verb.add_argument(
        "--scopes", default=",".join(USUAL), help="read, submit, predict, metrics and admin, separated by commas"
    )
    verb.add_argument("--expires", metavar="90d", help="a number with m, h, d or w; default: never")
    verb.set_defaults(start=create)
    verb = verbs.add_parser("list", help="list keys, newest first")
    verb.add_argument("--owner")
    verb.set_defaults(start=listing)
    verb = verbs.add_parser("revoke", help="revoke keys; they stop working at once")
    verb.add_argument("keys", nargs="+", metavar="KEY_ID")
    verb.set_defaults(start=revoke)
    for verb in verbs.choices.values():
        verb.add_argument("--data-dir", type=Path, help="folder of `batchyard up`; else BATCHYARD_STORAGE_DIR")


def create(settings: Settings, arguments: argparse.Namespace) -> None:
    """Make a key; print it alone on standard output, what is to be known of it beside."""
    with closing(_database(settings, arguments)) as database:
        try:
            made, token = KeyService(database).create(
                arguments.owner,
                name=arguments.name,
                scopes=scopes_of(arguments.scopes.split(",")),
                lifetime=lifetime(arguments.expires) if arguments.expires else None,
            )
        except InvalidRequest as error:
            raise SystemExit("batchyard server keys: " + "; ".join(_words(fault) for fault in error.faults)) from error
        write(database, [Entry("keys.create", f"/api/v1/keys/{made.id}", 201, COMMAND, owner=made.owner)])
    until = f"until {made.expires_at:%Y-%m-%d %H:%M} UTC" if made.expires_at else "until it is revoked"
    _say(f"{made.id} lets {made.owner} {', '.join(made.scopes)}, {until}. This is shown once:")
    print(token, flush=True)
    if settings.auth != "keys":
        _say("Servers ask for keys when they are started with BATCHYARD_AUTH=keys.")


def listing(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print a line for each key."""
    with closing(_database(settings, arguments)) as database:
        found = KeyService(database).listing(arguments.owner)
    if not found:
        _say("There are no keys. Make one: batchyard server keys create --owner NAME")
    for view in found:
        print("  ".join(_columns(view)))


def revoke(settings: Settings, arguments: argparse.Namespace) -> None:
    """Revoke keys; return when every process of the server knows.

    Raises: NotFound.
    """
    with closing(_database(settings, arguments)) as database:
        for key_id in arguments.keys:
            gone = KeyService(database).revoke(key_id)
            write(database, [Entry("keys.revoke", f"/api/v1/keys/{key_id}", 204, COMMAND, owner=gone.owner)])
    time.sleep(2 * settings.change_interval_s)
    for key_id in arguments.keys:
        _say(f"{key_id} is revoked.")


def _database(settings: Settings, arguments: argparse.Namespace) -> Database:
    """Return the database, its tables made if it is new.

    Raises: SchemaMismatch; NotReady.
    """
    database = Database(replace(settings, storage_dir=arguments.data_dir or settings.storage_dir), pool_size=1)
    with database.reading() as session:
        is_new = current(session.connection()) is None
    if is_new:
        migrate(database)
    check_schema(database)
    return database


def _columns(view: KeyView) -> list[str]:
    ends = f"{view.expires_at:%Y-%m-%d}" if view.expires_at else "never"
    used = f"{view.last_used_at:%Y-%m-%d %H:%M}" if view.last_used_at else "never"
    scopes = ",".join(view.scopes)
    return [view.id, f"{view.owner:<16}", f"{view.status:<7}", f"{scopes:<29}", f"expires {ends}", f"used {used}"] + (
        [view.name] if view.name else []
    )


def _words(fault: Any) -> str:
    return f"--{fault.pointer.removeprefix('#/')} {fault.detail}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
