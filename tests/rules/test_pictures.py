"""The recorded terminal session: as the README says, and loading nothing."""

import html
import re

from docs import terminal


def test_the_recorded_session_has_its_commands_and_loads_nothing() -> None:
    svg = terminal.PICTURE.read_text()
    shown = html.unescape(re.sub(r"<[^>]+>", "", svg)).replace("\N{NO-BREAK SPACE}", " ")

    assert [command for command in terminal.SESSION if command not in shown] == []
    assert re.findall(r"(?:href|src)=|url\((?!#)|@import|@font-face", svg) == []


def test_the_readme_begins_as_the_recorded_session_does() -> None:
    readme = (terminal.ROOT / "README.md").read_text()

    assert f"```bash\n{terminal.SESSION[0]}\n```\n\n![" in readme
    assert terminal.PICTURE.relative_to(terminal.ROOT).as_posix() in readme


def test_of_a_panel_that_was_drawn_again_the_last_one_is_left() -> None:
    panel = "\x1b[?25l\x1b[1mepoch 1\x1b[0m\r\nmore\r\x1b[2K\x1b[1A\x1b[2K\x1b[1mepoch 2\x1b[0m\r\nmore\r\n\x1b[?25h"
    written = f"queued\r\n{panel}done\r\n"

    assert terminal.on_screen(written) == "queued\n\x1b[1mepoch 2\x1b[0m\nmore\ndone"
