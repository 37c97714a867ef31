"""`compare`: in what jobs differ."""

from collections.abc import Mapping
from typing import Any

import click

from batchyard.command import global_options
from batchyard.commands import session


@click.command()
@click.argument("names", metavar="JOB JOB...", nargs=-1, required=True)
@global_options
def compare(names: tuple[str, ...]) -> None:
    """Show how jobs differ, and their best values."""
    if len(names) < 2:
        raise click.UsageError("compare takes at least two jobs: batchyard compare JOB JOB")
    with session.client() as by:
        jobs = [session.job(by, name) for name in names]
    flat = [dict(flattened(job.spec)) for job in jobs]
    keys = list(dict.fromkeys(key for spec in flat for key in spec))
    different = {key: [spec.get(key) for spec in flat] for key in keys if len({repr(s.get(key)) for s in flat}) > 1}
    best = [{"metric": job.best.metric, "value": job.best.value} if job.best else None for job in jobs]
    if session.wants_json():
        session.result({"jobs": [job.id for job in jobs], "parameters": different, "best": best})
        return
    rows = [["", *(job.name for job in jobs)], ["status", *(job.status for job in jobs)]]
    rows.append(["best", *(f"{b['metric']} {b['value']:.4g}" if b else "-" for b in best)])
    rows += [[key, *(str(value) for value in values)] for key, values in different.items()]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def flattened(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return nested keys as dotted ones."""
    if not isinstance(value, Mapping):
        return [(path, value)]
    return [pair for key, inner in value.items() for pair in flattened(inner, f"{path}.{key}" if path else str(key))]
