"""State to bytes and back: tensors as safetensors, everything else as JSON. Nothing that is read can run."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from services.errors import CheckpointCorrupt

FORMAT = 1
# All metadata lies under one key: the order of several is not stable, and the digests would differ.
KEY = "batchyard"


def to_bytes(tensors: dict[str, Tensor], about: dict[str, Any]) -> bytes:
    """Return tensors and what is to be known of them as the bytes of one safetensors file."""
    text = json.dumps({"format": FORMAT, **about}, sort_keys=True, separators=(",", ":"))
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, {KEY: text})


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of weights: over the tensors in the order of their names, of each name, type, shape and bytes.

    It depends on the numbers alone, not on the file that they came in: equal weights have equal digests.
    """
    found = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        kind = str(tensor.dtype).removeprefix("torch.")
        found.update(f"{name}\0{kind}\0{list(tensor.shape)}\0".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def from_bytes(content: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and what is known of them.

    Raises: CheckpointCorrupt when the bytes are no checkpoint of this format.
    """
    try:
        tensors = load(content)
        # `load` leaves the metadata out: it stands in the header, whose length the first 8 bytes say.
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        about: dict[str, Any] = json.loads(header["__metadata__"][KEY])
        found = about["format"]
    except (SafetensorError, ValueError, KeyError) as error:
        raise CheckpointCorrupt("These bytes are not a checkpoint.") from error
    if found != FORMAT:
        raise CheckpointCorrupt(f"The checkpoint has format {found}; this program reads {FORMAT}.")
    return tensors, about
