"""`open`: a job's page in a browser."""

import webbrowser

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.commands.job_names import job as job_names


@click.command("open")
@click.argument("named", metavar="[JOB]", required=False, shell_complete=job_names)
@click.option("--print", "only_print", is_flag=True, help="Only print the address.")
@global_options
def open_page(named: str | None, only_print: bool) -> None:
    """Open a job's page in a browser, or the list of jobs if you have submitted none; print the address."""
    with session.client() as by:
        address = by.base_url
        if named or session.has_last(by):
            address = f"{address}/jobs/{session.job(by, named).id}"
    click.echo(address)
    if not only_print and not webbrowser.open(address):
        session.say("! No browser could be started here. Open the address above.")
