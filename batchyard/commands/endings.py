"""How an error ends the command: its sentence and its exit code."""

import click

from batchyard import errors

CODES: list[tuple[type[Exception], int]] = [
    (errors.JobFailed, 3),
    (errors.JobCancelled, 9),
    (errors.WaitTimeout, 7),
    (errors.ServerUnreachable, 6),
    (errors.Unauthorized, 4),
    (errors.NotFound, 5),
    (errors.Conflict, 8),
    (errors.InvalidSpec, 2),
    (errors.InvalidTable, 2),
    (errors.APIError, 1),
    (errors.BatchyardError, 1),
]


def ending(error: Exception) -> tuple[int, str]:
    """Return exit code and sentence; what is a bug, or click's own, is raised again."""
    for kind, code in CODES:
        if isinstance(error, kind):
            return code, str(error) + _where(error)
    if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort | BrokenPipeError):
        raise error
    if isinstance(error, OSError):
        return 1, f"{error.filename or 'A file'} can't be used: {error.strerror or error}."
    if isinstance(error, TypeError | ValueError) and "batchyard" in str(error):
        return 2, str(error)
    raise error


def _where(error: Exception) -> str:
    """Return where there is a list of what was not found, unless the nearest name is said already."""
    if not isinstance(error, errors.NotFound) or error.problem.get("suggestion"):
        return ""
    lists = {
        "job": "batchyard ls",
        "data set": "batchyard data ls",
        "model": "batchyard models ls",
        "batch prediction": "batchyard predictions ls",
    }
    found = next((command for what, command in lists.items() if str(error).startswith(f"There is no {what} ")), None)
    return f" Those that exist: {found}" if found else ""
