"""Weights alone: the checkpoint as it is stored, and the state dict that `torch.load(…, weights_only=True)` reads."""

import io
from collections.abc import Mapping

import torch
from torch import Tensor

from services.exports.formats import Format
from services.exports.samples import Samples, answers
from services.exports.subject import Subject
from services.exports.verification import difference
from services.training.initial_weights import stored_weights
from services.training.weights import to_bytes


def state_dict_bytes(weights: Mapping[str, Tensor]) -> bytes:
    """Return tensors, and nothing else, as PyTorch saves them."""
    file = io.BytesIO()
    torch.save({name: tensor.detach().clone() for name, tensor in weights.items()}, file)
    return file.getvalue()


def safetensors_bytes(weights: Mapping[str, Tensor], subject: Subject) -> bytes:
    """Return the weights as safetensors by the names of the net, and in the header where they come from."""
    about = {"job": subject.job, "name": subject.name, "checkpoint": subject.checkpoint["id"]}
    return to_bytes(dict(weights), {"kind": "export", "epoch": subject.checkpoint["epoch"], **about})


def weight_file(kind: Format, subject: Subject, samples: Samples) -> tuple[bytes, float]:
    """Return a file of weights, and how far a model that takes them is from the stored one.

    Raises: ExportDiffers.
    """
    weights = samples.predictor.model.state_dict()
    if kind is Format.STATE_DICT:
        content = state_dict_bytes(weights)
        read = torch.load(io.BytesIO(content), weights_only=True)
    else:
        content = subject.content
        read = stored_weights(content)
    again = subject.predictor()
    again.model.load_state_dict({name: torch.zeros_like(tensor) for name, tensor in weights.items()})
    again.model.load_state_dict(read)
    return content, difference(samples, answers(again, samples.cells))
