"""What a net answers becomes predictions in original units, or classes: a part of the scripts of a bundle."""

from typing import Any

import torch
from torch import Tensor

Answers = dict[str, list[Any]]


def answers_of(outputs: Tensor, about: dict[str, Any]) -> Answers:
    """Return the columns of the answer, `prediction` first. Shapes: outputs (rows, outputs)."""
    if about["task"] == "regression":
        return regression(outputs, about)
    outputs = outputs / about.get("temperature", 1.0)
    if about["task"] == "multilabel":
        found = torch.sigmoid(outputs)
        return named("prediction", found > 0.5, about["targets"]) | named("p", found, about["targets"])
    if about["task"] == "binary":
        second = torch.sigmoid(outputs[:, 0])
        found = torch.stack([1 - second, second], 1)
    else:
        found = torch.softmax(outputs, 1)
    classes = about["classes"]
    return {"prediction": [classes[n] for n in found.argmax(1).tolist()]} | named("p", found, map(str, classes))


def regression(outputs: Tensor, about: dict[str, Any]) -> Answers:
    """Return numbers in original units, and how far off they are likely to be if the loss learnt that."""
    targets, linear = about["targets"], [it or {"shift": 0.0, "factor": 1.0} for it in about["target_scaling"]]
    values = outputs[:, : len(targets)]
    if about["loss"] == "poisson_nll":
        values = values.exp()
    values = torch.stack([values[:, n] / it["factor"] + it["shift"] for n, it in enumerate(linear)], 1)
    names = targets if len(targets) > 1 else None
    found = named("prediction", values, names)
    if about["loss"] == "gaussian_nll":
        deviations = (outputs[:, len(targets) :] / 2).exp() / torch.tensor([abs(it["factor"]) for it in linear])
        found |= named("deviation", deviations, names)
    return found


def named(stem: str, cells: Tensor, names: Any) -> Answers:
    """Return columns under names that begin alike."""
    return {f"{stem}_{name}" if names else stem: cells[:, n].tolist() for n, name in enumerate(names or [""])}
