"""`export`: weights as safetensors, curves for TensorBoard."""

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.commands.job_names import job as job_names


@click.command()
@click.argument("named", metavar="[JOB]", required=False, shell_complete=job_names)
@click.option("--format", "kind", type=click.Choice(["safetensors", "tensorboard"]), default="safetensors")
@click.option("--checkpoint", default="best", help="best, last, epoch:N or an id.")
@click.option("-o", "--output", metavar="PATH", help="A file; for tensorboard a folder.")
@global_options
def export(named: str | None, kind: str, checkpoint: str, output: str | None) -> None:
    """Download a job's weights, or its curves for TensorBoard; prints where they are."""
    with session.client() as by:
        job = session.job(by, named)
        bar = session.progress("Downloading") if kind == "safetensors" else None
        path = job.export(kind, output, checkpoint=checkpoint, progress=bar)
        session.say(f"✓ {path.stat().st_size:,} bytes")
        click.echo(str(path))
