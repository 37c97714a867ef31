"""One number that a classifier's outputs are divided by, so that its probabilities come true as often as they say.

Source: Guo and others, On Calibration of Modern Neural Networks (2017), section 4.2. The classes stay the same.
"""

import torch
from torch import Tensor, nn

from services.training.loop.evaluation import Evaluation
from services.training.losses import unweighted

LEAST, MOST = 1e-2, 1e2
HALVINGS = 60  #: of the interval, in logarithms: beyond what float64 can tell apart


@torch.no_grad()
def fitted_temperature(model: nn.Module, rows: Evaluation) -> float:
    """Return the temperature with the least cross-entropy on some rows, between 0.01 and 100."""
    model.eval()
    multiclass = rows.preprocessing.task == "multiclass"
    outputs, wanted = [], []
    for features, targets in rows.batches:
        rows.before_batch()
        outputs.append(model(features.to(rows.device)).double().cpu())
        wanted.append((unweighted(targets, classes=multiclass) if rows.weighted else targets).cpu())
    return temperature(torch.cat(outputs), torch.cat(wanted))


def temperature(logits: Tensor, targets: Tensor) -> float:
    """Return what logits are divided by for the least mean cross-entropy.

    The cross-entropy is convex in 1 / temperature, so its slope is zero in one place, which is found by halving.

    Shapes: logits (rows, classes) with targets (rows,) int64, or logits and targets (rows, labels).
    """
    low, high = torch.tensor(1 / MOST).double().log(), torch.tensor(1 / LEAST).double().log()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _slope(logits, targets, middle.exp()) > 0:
            high = middle
        else:
            low = middle
    return float((-(low + high) / 2).exp())


def _slope(logits: Tensor, targets: Tensor, factor: Tensor) -> float:
    """Return the slope of the mean cross-entropy of logits times a factor, in that factor."""
    if targets.dim() == 1:
        own = logits.gather(1, targets[:, None])[:, 0]
        return float(((torch.softmax(logits * factor, 1) * logits).sum(1) - own).mean())
    return float(((torch.sigmoid(logits * factor) - targets.double()) * logits).mean())
