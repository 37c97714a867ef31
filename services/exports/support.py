"""Which formats a model can be given in, and why not in the others."""

from importlib.util import find_spec
from typing import Any

from services.columns import TableInfo
from services.exports.formats import Format

DATES = "An ONNX model takes no dates: they would have to be read from texts. Column {name!r} holds dates."
LIBRARY = "The server lacks the libraries onnx and onnxscript: pip install 'batchyard[export]'."
PLUGIN = "The net is a plug-in's: its code is not ours to hand out."


def supported(spec: dict[str, Any], info: TableInfo) -> dict[Format, str | None]:
    """Return for each format why the model of a job can't be given in it; None where it can."""
    found: dict[Format, str | None] = dict.fromkeys(Format)
    inputs = set(spec["data"].get("features") or [])
    dates = next((column.name for column in info.columns if column.type == "datetime" and column.name in inputs), None)
    if dates is not None:
        found[Format.ONNX] = DATES.format(name=dates)
    elif find_spec("onnx") is None or find_spec("onnxscript") is None:
        found[Format.ONNX] = LIBRARY
    if spec["model"]["type"] == "plugin":
        found[Format.BUNDLE] = found[Format.MLFLOW] = PLUGIN
    return found
