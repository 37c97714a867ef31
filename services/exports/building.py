"""Builds one export and tries it: in a process of its own, which reads a folder and writes into it.

`python -m services.exports.building FOLDER FORMAT PARENT`. An exporter takes seconds of Python, and memory, that the
process which answers requests has no use for afterwards.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from services.errors import BatchyardError
from services.exports.formats import KINDS, Format
from services.exports.samples import Samples, samples
from services.exports.subject import Subject
from services.processes import die_with_parent, give_way

RESULT, REPORT = "result", "report.json"


def main() -> None:
    """Build what the command line says; the report says how it went."""
    folder, kind, parent = Path(sys.argv[1]), Format(sys.argv[2]), int(sys.argv[3])
    die_with_parent(parent)
    give_way()
    Path("/proc/self/oom_score_adj").write_text("1000")  # where memory ends, this goes first and not what answers
    try:
        report = build(Subject.read(folder), kind, folder)
    except BatchyardError as error:
        report = {"code": error.code, "detail": error.detail, "members": error.members}
    (folder / REPORT).write_text(json.dumps(report))


def build(subject: Subject, kind: Format, folder: Path) -> dict[str, Any]:
    """Write an export into a folder; return its SHA-256, and how far it is from the stored model on how many rows.

    Raises: ExportUnsupported; ExportDiffers; ExportFailed; DataUnreadable; DataChanged; PluginError; CheckpointCorrupt.
    """
    tried = samples(subject, subject.predictor())
    content, apart = made(subject, kind, tried)
    (folder / RESULT).write_bytes(content)
    return {"sha256": hashlib.sha256(content).hexdigest(), "difference": apart, "rows": len(tried.cells)}


def made(subject: Subject, kind: Format, tried: Samples) -> tuple[bytes, float]:
    """Return the bytes of an export, and how far it is from the stored model.

    Raises: ExportUnsupported; ExportDiffers; ExportFailed.
    """
    # Here, not above: each brings a library along that the others need not wait for.
    if KINDS[kind].is_quick:
        from services.exports.weight_files import weight_file

        return weight_file(kind, subject, tried)
    if kind is Format.ONNX:
        from services.exports.onnx_model import onnx_model

        return onnx_model(subject, tried)
    if kind is Format.TORCH_EXPORT:
        from services.exports.torch_program import torch_program

        return torch_program(subject, tried)
    if kind is Format.MLFLOW:
        from services.exports.mlflow_folder import mlflow_folder

        return mlflow_folder(subject, tried)
    from services.exports.bundle import bundle

    return bundle(subject, tried)


if __name__ == "__main__":
    main()
