"""Which formats a model can be given in, and why not in the others."""

from typing import Any

from services.exports.formats import Format

PLUGIN = "The net is a plug-in's: its code is not ours to hand out."


def supported(spec: dict[str, Any]) -> dict[Format, str | None]:
    """Return for each format why the model of a job can't be given in it; None where it can."""
    found: dict[Format, str | None] = dict.fromkeys(Format)
    if spec["model"]["type"] == "plugin":
        found[Format.BUNDLE] = PLUGIN
    return found
