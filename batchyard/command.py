"""The `batchyard` command. A subcommand's file is loaded when it is used; nothing of the server ever is."""

import importlib
import sys
from difflib import get_close_matches
from typing import Any

import click

#: Where each command is, and its line in the help.
COMMANDS = {
    "submit": ("submit:submit", "Submit a job from a file, or from flags."),
    "watch": ("watch:watch", "Watch jobs until they finish; Ctrl-C detaches."),
    "predict": ("predict:predict", "Predict the rows of a file, or of a data set."),
    "predictions": ("predictions:predictions", "List, show, download, cancel and delete batch predictions."),
    "models": ("models:models", "Register models, list them, and move their aliases."),
    "ls": ("listing:ls", "List jobs."),
    "show": ("listing:show", "Show one job in full."),
    "logs": ("reading:logs", "Print a job's log."),
    "metrics": ("reading:metrics", "Print or draw a job's costs and metrics."),
    "compare": ("compare:compare", "Show how jobs differ, and their best values."),
    "cancel": ("verbs:cancel", "Cancel jobs."),
    "pause": ("verbs:pause", "Pause running jobs at their next batch."),
    "resume": ("verbs:resume", "Queue paused jobs again."),
    "retry": ("verbs:retry", "Submit a job's spec again, with changes."),
    "rm": ("verbs:rm", "Delete jobs."),
    "export": ("export:export", "Download a model for other programs, or its curves for TensorBoard."),
    "data": ("data:data", "Upload, list, show, rename and delete data sets."),
    "init": ("init:init", "Write a commented job.yaml for a CSV."),
    "validate": ("submit:validate", "Check a spec and store nothing."),
    "status": ("service:status", "Show the queue and the workers."),
    "queue": ("queue_pause:queue", "Pause the whole queue, or resume it."),
    "workers": ("workers:workers", "List the workers, and drain one."),
    "catalog": ("service:catalog", "List what a spec can name."),
    "open": ("browse:open_page", "Open a job's page in a browser."),
    "api": ("service:api", "Send one request and print the answer."),
    "share": ("share:share", "Share jobs, data sets and models with other owners."),
    "login": ("login:login", "Check a key and store it for this server."),
    "logout": ("login:logout", "Remove the stored key for this server."),
    "config": ("service:config", "Show which server and key are used, and where they were set."),
    "doctor": ("doctor:doctor", "Check client, server and its parts, and say how to fix faults."),
    "completion": ("completion:completion", "Print a script that completes commands in a shell."),
    "version": ("service:version", "Print the version."),
    "up": ("server:up", "Run the whole service on this machine; Ctrl-C stops it."),
    "demo": ("server:demo", "Train the tutorial's job on a temporary stack, and stop."),
    "server": ("server:server", "Run one part of the server, or operate it: keys, backup, restore, prune."),
}


class Commands(click.Group):
    """Commands by name; what is said of the server may stand before or after the command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load a command."""
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name][0].split(":")
        found: click.Command = getattr(importlib.import_module(f"batchyard.commands.{module}"), attribute)
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `--json=id,status` as `--json --fields id,status`: the commands that have fields know the latter."""
        spread = [("--json", "--fields", arg[7:]) if arg.startswith("--json=") else (arg,) for arg in args]
        return super().parse_args(ctx, [word for words in spread for word in words])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command, or say which one is meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, 1)
            meant = f"Did you mean {near[0]!r}?" if near else "See: batchyard --help"
            raise click.UsageError(f"There is no command {args[0]!r}. {meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run; an error becomes a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped. Submitted jobs keep running: batchyard ls", err=True)
            ctx.exit(130)
        except Exception as error:
            # Loaded here only: without an error nobody waits for it.
            from batchyard.commands.endings import ending

            code, text = ending(error)
            click.echo(f"✗ {text}", err=True)
            ctx.exit(code)


def remember_globals(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Keep an option that may stand before or after the command; the later one holds."""
    if value not in (None, False):
        ctx.ensure_object(dict)[parameter.name] = value
    return value


def global_options(command: Any) -> Any:
    """Add what every command understands."""
    for names, how in (
        (("--server", "-s"), {"help": "Address of the server; default: BATCHYARD_URL.", "metavar": "URL"}),
        (("--json", "as_json"), {"is_flag": True, "help": "Print JSON."}),
        (("--quiet", "-q"), {"is_flag": True, "help": "Print results only."}),
        (("--verbose", "-v"), {"is_flag": True, "help": "Print each request to the server on standard error."}),
        (("--no-color",), {"is_flag": True, "help": "Print without colours."}),
        (("--no-input",), {"is_flag": True, "help": "Never ask; fail where an answer would be needed."}),
        (("--timeout",), {"type": float, "help": "Seconds to wait for an answer.", "metavar": "S"}),
    ):
        option: Any = click.option(*names, expose_value=False, callback=remember_globals, **how)
        command = option(command)
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@global_options
@click.version_option(package_name="batchyard", message="batchyard %(version)s")
def main() -> None:
    """Batchyard: A training service: POST a table, get a model that predicts.

    JOB is an id, the beginning of one, a name, or nothing for the job that you submitted last.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that can't show a sign shows a question mark; it is no reason to stop.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
