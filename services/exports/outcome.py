"""What a build said of itself: the figures of an export, or the error that it met."""

import json
from pathlib import Path
from typing import Any

from services.errors import BatchyardError, CheckpointCorrupt
from services.export_errors import ExportDiffers, ExportFailed, ExportUnsupported

KNOWN: dict[str, type[BatchyardError]] = {
    kind.code: kind for kind in (ExportUnsupported, ExportDiffers, ExportFailed, CheckpointCorrupt)
}


def taken(report: Path) -> dict[str, Any]:
    """Return the SHA-256, the difference and the rows of a build.

    Raises: what the build met.
    """
    found: dict[str, Any] = json.loads(report.read_text())
    if "code" in found:
        raise KNOWN.get(found["code"], ExportFailed)(found["detail"], **found["members"])
    return found
