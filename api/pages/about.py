"""What this service is: its version, its health, what it allows."""

import platform
from dataclasses import fields
from importlib.metadata import version

from flask import Response

from api.about import checks
from api.pages.blueprint import bp, page
from api.parts import api, caller
from services.jobs.stored import stored
from services.settings import PREFIX, Settings

LIMITS = (
    "max_upload_bytes",
    "max_json_bytes",
    "max_table_rows",
    "max_table_columns",
    "max_predict_rows",
    "max_epochs",
    "max_parameters",
    "job_time_limit_s",
    "max_wait_s",
)


@bp.get("/about")
def about() -> Response:
    """Show the state of each part and the limits that the operator set."""
    settings = api().base.settings
    helps = {known.name: known.metadata["help"] for known in fields(Settings)}
    limits = [(PREFIX + name.upper(), getattr(settings, name), helps[name]) for name in LIMITS]
    found = checks()
    workers = api().base.queue.workers.listing(caller())
    diagnostics = {
        "version": version("batchyard"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "database": settings.database_url.partition(":")[0],
        "checks": found,
        "limits": {name: value for name, value, _ in limits},
        "workers": [{"device": w.device, "slots": w.slots, "versions": w.versions, "fault": w.fault} for w in workers],
    }
    return page(
        "about.html",
        checks=found,
        limits=limits,
        settings=settings,
        workers=len(workers),
        stored=stored(api().base.database, caller()),
        diagnostics=diagnostics,
    )
