"""The formats of an export: what each is called, and what its bytes are."""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """The formats that a trained model is exported in."""

    SAFETENSORS = "safetensors"
    STATE_DICT = "state_dict"
    ONNX = "onnx"
    TORCH_EXPORT = "torch_export"
    MLFLOW = "mlflow"
    BUNDLE = "bundle"


@dataclass(frozen=True)
class Kind:
    """What the bytes of a format are."""

    suffix: str
    media: str
    is_quick: bool  #: made while the request waits; any other in a process of its own


KINDS = {
    Format.SAFETENSORS: Kind(".safetensors", "application/octet-stream", is_quick=True),
    Format.STATE_DICT: Kind(".pt", "application/octet-stream", is_quick=True),
    Format.ONNX: Kind(".onnx", "application/octet-stream", is_quick=False),
    Format.TORCH_EXPORT: Kind(".pt2", "application/octet-stream", is_quick=False),
    Format.MLFLOW: Kind("-mlflow.zip", "application/zip", is_quick=False),
    Format.BUNDLE: Kind(".zip", "application/zip", is_quick=False),
}
