"""TabM: many MLPs that share most weights and are trained side by side."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from services.specs.schema import models as specs
from services.training.models.embedding import WIDTH, EmbeddedNumbers
from services.training.models.inputs import Inputs
from services.training.models.stem import stem


class Members(nn.Module):
    """Nets side by side: each answers for itself while training, all together after it."""

    def __init__(self, layers: nn.Module, task: str, loss: str) -> None:
        super().__init__()
        self.layers = layers
        self.task = task
        self.loss = loss

    def forward(self, features: Tensor) -> Tensor:
        """Return what every member answers, (batch, k, outputs); in eval mode what they answer together.

        Shapes: features (batch, *shape); returns (batch, outputs) in eval mode.
        """
        answers: Tensor = self.layers(features)
        return answers if self.training else together(answers, self.task, self.loss)


def together(answers: Tensor, task: str, loss: str = "") -> Tensor:
    """Return the mean of the members' answers; of classes the mean of their probabilities, again as logits.

    Of rates it is their mean, again as a logarithm. Of normal distributions it is the mean and the variance of all of
    them mixed (Lakshminarayanan, Pritzel and Blundell, Simple and Scalable Predictive Uncertainty, 2017).
    Shapes: answers (batch, k, outputs); returns (batch, outputs).
    """
    if loss == "poisson_nll":
        return torch.logsumexp(answers, 1) - math.log(answers.shape[1])
    if loss == "gaussian_nll":
        means, logarithms = answers.chunk(2, dim=-1)
        within = torch.logsumexp(logarithms, 1) - math.log(answers.shape[1])
        return torch.cat([means.mean(1), torch.logaddexp(within, means.var(1, correction=0).log())], 1)
    if task == "regression":
        return answers.mean(1)
    if task == "multiclass":
        return torch.logsumexp(functional.log_softmax(answers, -1), 1) - math.log(answers.shape[1])
    # ln(p / (1 - p)) of p = the mean sigmoid: the two means have the same divisor. Logarithms lose no small p.
    return torch.logsumexp(functional.logsigmoid(answers), 1) - torch.logsumexp(functional.logsigmoid(-answers), 1)


def tabm(spec: specs.TabM, inputs: Inputs, outputs: int) -> nn.Module:
    """Return `k` MLPs: (batch, *shape) to (batch, k, outputs) in train mode, to (batch, outputs) in eval mode.

    Source: Gorishniy, Kotelnikov and Babenko, TabM (ICLR 2025); the starting weights are those of its own library.
    """
    # Here, not above: it brings scikit-learn along where that is installed.
    from tabm import EnsembleView, LinearBatchEnsemble, LinearEnsemble

    layers, width = stem(inputs, spec.number_embedding)
    embedded = sum(module.numbers for module in layers if isinstance(module, EmbeddedNumbers))
    # The members begin to differ by what they multiply the inputs with: one factor for all that a column became.
    first = "normal" if embedded else "random-signs"
    vectors = [wide for _, wide in inputs.categories]
    columns = [WIDTH] * embedded + [1] * (width - WIDTH * embedded - sum(vectors)) + vectors
    layers.append(EnsembleView(k=spec.k))
    for n, after in enumerate(spec.hidden):
        scaling = "ones" if n else (first, "ones")
        chunks = None if n else columns
        layers.append(
            LinearBatchEnsemble(width, after, k=spec.k, scaling_init=scaling, first_scaling_init_chunks=chunks)
        )
        layers.append(nn.ReLU())
        if spec.dropout:
            layers.append(nn.Dropout(spec.dropout))
        width = after
    return Members(nn.Sequential(*layers, LinearEnsemble(width, outputs, k=spec.k)), inputs.task, inputs.loss)
