"""The line between a supervisor and the fork server: one packet a message, and the end of either side is heard."""

import json
import socket
from pathlib import Path
from typing import Any

MAX_BYTES = 65_536


def listen(path: Path) -> socket.socket:
    """Return a socket that hears supervisors at `path`, which lies in a folder nobody else can enter."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    listener.listen(64)
    return listener


def connect(path: Path) -> socket.socket | None:
    """Return a line to the fork server, None if there is none."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.connect(str(path))
    except OSError:
        line.close()
        return None
    return line


def send(line: socket.socket, message: dict[str, Any], files: tuple[int, ...] = ()) -> bool:
    """Send a message, with open files if any; return whether the other side is there."""
    try:
        socket.send_fds(line, [json.dumps(message).encode()], list(files))
    except OSError:
        return False
    return True


def receive(line: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next message and its files; None when the other side has ended."""
    try:
        data, files, _, _ = socket.recv_fds(line, MAX_BYTES, 4)
    except OSError:
        return None
    return (json.loads(data), list(files)) if data else None
