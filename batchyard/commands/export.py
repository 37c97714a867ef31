"""`export`: a model in the formats of others, and curves for TensorBoard."""

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.commands.job_names import job as job_names

FORMATS = ["safetensors", "state_dict", "onnx", "torch_export", "mlflow", "bundle", "tensorboard"]


@click.command()
@click.argument("named", metavar="[JOB]", required=False, shell_complete=job_names)
@click.option("--format", "kind", type=click.Choice(FORMATS), default="safetensors", help="Default: safetensors.")
@click.option("--checkpoint", default="best", help="best, last, epoch:N or an id.")
@click.option("-o", "--output", metavar="PATH", help="Output file; for tensorboard, a folder.")
@global_options
def export(named: str | None, kind: str, checkpoint: str, output: str | None) -> None:
    """Download a job's model, or its curves for TensorBoard; print where they are."""
    with session.client() as by:
        job = session.job(by, named)
        if kind in {"safetensors", "tensorboard"}:
            bar = session.progress("Downloading") if kind == "safetensors" else None
            path = job.export(kind, output, checkpoint=checkpoint, progress=bar)
            session.say(f"✓ {path.stat().st_size:,} bytes")
        else:
            session.say(f"Building {kind} from the {checkpoint} checkpoint …")
            made = job.exported(kind, output, checkpoint=checkpoint)
            path = made.path
            apart = f"{made.difference:.2g} away from the stored model at most, on {made.rows} rows"
            session.say(f"✓ {path.stat().st_size:,} bytes, {apart}")
        click.echo(str(path))
