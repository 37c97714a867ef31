"""Records docs/pictures/terminal.svg: a session at a terminal, with the real output of real commands."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from tests.stack import local_stack

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/pictures/terminal.svg"
COLUMNS, LINES = 100, 40
ROWS = """\
sepal_length,sepal_width,petal_length,petal_width
5.1,3.5,1.4,0.2
6.0,2.9,4.5,1.5
7.7,2.6,6.9,2.3
"""
SESSION = [
    "batchyard submit --builtin iris --model mlp --name first --watch",
    "cat flowers.csv",
    "batchyard predict first flowers.csv",
]
#: What rich's Live writes to go back to the top of what it last drew.
REDRAWN = re.compile(r"\r\x1b\[2K(?:\x1b\[1A\x1b\[2K)*")
CURSOR_HIDDEN = "\x1b[?25l"  #: Live begins with it
#: Anything that moves the cursor or changes a mode, and is no colour.
CONTROL = re.compile(r"\x1b\[[?0-9;]*[A-HJKSThl]|\r")
FONT_FACE = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)


def main() -> None:
    """Run the session against a stack of its own and write the picture."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder) / "data") as stack:
        PICTURE.write_text(picture(session(Path(folder), stack.url)))


def session(folder: Path, url: str) -> list[tuple[str, str]]:
    """Run the commands as somebody at a terminal would, and return each with what it left on the screen."""
    (folder / "flowers.csv").write_text(ROWS)
    (folder / "batchyard").write_text(f'#!/bin/sh\nexec {sys.executable} -m batchyard "$@"\n')
    (folder / "batchyard").chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}} | {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(folder / "state"),
        "BATCHYARD_URL": url,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    return [(command, on_screen(at_terminal(command, folder, environ))) for command in SESSION]


def at_terminal(command: str, folder: Path, environ: dict[str, str]) -> str:
    """Run a command with a terminal for its output, and return all that it wrote.

    Raises: subprocess.CalledProcessError when it fails.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    running = subprocess.Popen(["/bin/sh", "-c", command], cwd=folder, env=environ, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = bytearray()
    try:
        while part := os.read(ours, 65_536):
            written += part
    except OSError:  # Linux answers so when the other side has closed it
        pass
    finally:
        os.close(ours)
    if running.wait():
        raise subprocess.CalledProcessError(running.returncode, command, written.decode())
    return written.decode()


def on_screen(written: str) -> str:
    """Return what is left on the screen: of a panel that was drawn again and again, the last one."""
    before, *frames = REDRAWN.split(written.replace("\r\n", "\n"))
    # The first frame follows whatever was printed before the panel began, and is drawn over too.
    kept = before.split(CURSOR_HIDDEN)[0] + frames[-1] if frames else before
    return CONTROL.sub("", kept).rstrip("\n")


def picture(commands: list[tuple[str, str]]) -> str:
    """Return the session as an SVG that loads nothing: its fonts are the reader's."""
    console = Console(record=True, file=io.StringIO(), force_terminal=True, width=COLUMNS, color_system="truecolor")
    for number, (command, output) in enumerate(commands):
        if number:
            console.print()
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text.from_ansi(output))
    svg = console.export_svg(
        title="Terminal", theme=DIMMED_MONOKAI, code_format=FONT_FACE.sub("", CONSOLE_SVG_FORMAT), unique_id="terminal"
    )
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    main()
