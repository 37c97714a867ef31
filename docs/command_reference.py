"""The page docs/reference/command.md, from what the command says of itself."""

from typing import Any

import click

from batchyard.command import COMMANDS, main

EXIT_CODES = {
    0: "it worked; the job that was watched succeeded",
    1: "any other error",
    2: "the command, the spec or the file is not valid",
    3: "the job failed",
    4: "the server wants a key",
    5: "there is no such job or data set",
    6: "no server answers",
    7: "the wait ended before the job",
    8: "the state of the job does not allow that",
    9: "the job was cancelled",
    130: "Ctrl-C while nothing was watched",
}
OF_THE_SERVER = {"up", "demo", "server"}
HEAD = """\
# The command

Results go to standard output, everything else to standard error. JOB is an id, the beginning of one, a name, or nothing
for the job that was submitted last from here. The address is `--server`, else `BATCHYARD_URL`, else `server` in
`.batchyard.toml` or `~/.config/batchyard/config.toml`, else http://127.0.0.1:8000; a key is `BATCHYARD_API_KEY`.
`--server`, `--json`, `--quiet`, `--verbose`, `--no-color`, `--no-input` and `--timeout` stand before or after any
command. `eval "$(batchyard completion bash)"` completes commands, options, jobs and data sets.
"""


def page() -> str:
    """Return the page."""
    lines = [HEAD]
    for name, (_, sentence) in COMMANDS.items():
        command = main.get_command(click.Context(main), name)
        assert command is not None
        lines += [f"## {name}", "", sentence, ""]
        if name not in OF_THE_SERVER:
            lines += _described(command, f"batchyard {name}")
    lines += ["## Exit codes", "", "| code | means |", "|---|---|"]
    lines += [f"| {code} | {means} |" for code, means in EXIT_CODES.items()]
    return "\n".join(lines) + "\n"


def _described(command: click.Command, path: str) -> list[str]:
    if isinstance(command, click.Group):
        return [line for name, inner in command.commands.items() for line in _described(inner, f"{path} {name}")]
    context = click.Context(command)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"`{path} {usage}`", ""]
    shared = {option.name for option in main.params}
    for option in command.params:
        if isinstance(option, click.Option) and option.name not in shared:
            lines.append(_line(option))
    return [*lines, ""] if lines[-1] else lines


def _line(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"
    return f"- `{', '.join(option.opts)}{value}`: {option.help or ''}".rstrip(": ")
