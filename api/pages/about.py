"""What this service is: its version, its health, what it allows."""

from dataclasses import fields

from flask import Response

from api.about import checks
from api.pages.blueprint import bp, page
from api.parts import api
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
    return page("about.html", checks=found, limits=limits, settings=settings, workers=api().base.workers.online())
