"""The page docs/reference/command.md, from what the command says of itself."""

from typing import Any

import click

from batchyard.command import COMMANDS, main

EXIT_CODES = {
    0: "success; a watched job succeeded",
    1: "any other error",
    2: "the command, the spec or the file is not valid",
    3: "the job failed",
    4: "the server needs a key",
    5: "no such job or data set",
    6: "the server does not answer",
    7: "the wait ended before the job did",
    8: "the job's state does not allow that",
    9: "the job was cancelled",
    130: "interrupted by Ctrl-C",
}
OF_THE_SERVER = {"up", "demo", "server"}
HEAD = """\
# The command

Results go to standard output, everything else to standard error. JOB is an id, the beginning of one, or a name; if
it is left out, the job you submitted last. The server's address is `--server`, `BATCHYARD_URL`, or `server` in
`.batchyard.toml` or `~/.config/batchyard/config.toml`, in this order; by default http://127.0.0.1:8000. A key is
`BATCHYARD_API_KEY`, or the one that `batchyard login` stored for that server. `--server`, `--json`, `--quiet`,
`--verbose`, `--no-color`, `--no-input` and `--timeout` can be given before or after any command.
`eval "$(batchyard completion bash)"` completes commands, options, jobs and data sets.
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
