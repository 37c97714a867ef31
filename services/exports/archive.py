"""Zip files whose bytes depend on what is in them alone."""

import io
import zipfile
from collections.abc import Mapping

DATE = (1980, 1, 1, 0, 0, 0)  #: the first that a zip can say
MODE = 0o644 << 16


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files by their paths."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, DATE)
            entry.external_attr, entry.compress_type = MODE, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return target.getvalue()
