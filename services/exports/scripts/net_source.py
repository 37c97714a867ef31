"""A net as the Python that makes it: every size written out, as in a tutorial."""

from dataclasses import dataclass, field
from typing import Any

from tabm import EnsembleView, LinearBatchEnsemble, LinearEnsemble
from torch import nn

from services.export_errors import ExportUnsupported
from services.training.models.embedding import STD, WIDTH, EmbeddedCategories, EmbeddedNumbers
from services.training.models.layer import Embedding
from services.training.models.lstm import LSTM
from services.training.models.residual import Residual
from services.training.models.tabm import Members

PLAIN = "services.exports.plain.nets"
INDENT = "    "


@dataclass
class NetSource:
    """What makes a net: an expression, and the classes of ours that stand in it."""

    expression: str = ""
    used: set[tuple[str, str]] = field(default_factory=set)  #: module and name
    edges: list[int] = field(default_factory=list)  #: of the bins of each embedded number; the expression takes `bins`

    def function(self) -> str:
        """Return the function that makes the net."""
        bins = "bins: list[Tensor]" if self.edges else ""
        words = '    """Return the net with its first weights: (batch, …) to (batch, outputs)."""'
        return f"def make_model({bins}) -> nn.Module:\n{words}\n    return {_indented(self.expression)}"

    def ours(self, module: str, name: str) -> str:
        """Note that a class of ours is used; return its name."""
        self.used.add((module, name))
        return name


def net_source(net: nn.Module) -> NetSource:
    """Return what makes a net with the same names of weights, first weights and arithmetic.

    Raises: ExportUnsupported for code that is not PyTorch's or ours.
    """
    found = NetSource()
    found.expression = _expression(net, found)
    return found


def _expression(net: Any, found: NetSource) -> str:
    kind = type(net)
    if kind is nn.Sequential:
        return _call("nn.Sequential", [_expression(child, found) for child in net])
    if kind is Residual:
        name = found.ours("services.training.models.residual", "Residual")
        return f"{name}({_expression(net.layers, found)})"
    if kind is Members:
        name = found.ours("services.training.models.tabm", "Members")
        return _call(name, [_expression(net.layers, found), repr(net.task), repr(net.loss)])
    if kind is Embedding:
        name = found.ours("services.training.models.layer", "Embedding")
        return f"{name}({net.num_embeddings}, {net.embedding_dim})"
    if kind is LSTM:
        name = found.ours("services.training.models.lstm", "LSTM")
        choices = f"num_layers={net.num_layers}, dropout={net.dropout}, bidirectional={net.bidirectional}"
        return f"{name}({net.input_size}, {net.hidden_size}, every={net.every}, {choices})"
    if kind in OURS:
        return f"{found.ours(PLAIN, kind.__name__)}({', '.join(OURS[kind](net, found))})"
    if kind.__module__.startswith("torch.nn.") and not list(net.children()):
        return f"nn.{net!r}"  # PyTorch's own layers show themselves as the call that makes them
    detail = "The net is a plug-in's: its code is not ours to hand out."
    raise ExportUnsupported(detail)


def _numbers(net: Any, found: NetSource) -> list[str]:
    mask = net.embedding.impl.mask
    numbers, most = net.embedding.impl.weight.shape
    found.edges = [int(count) + 1 for count in (mask.sum(1).tolist() if mask is not None else [most] * numbers)]
    return ["bins", str(WIDTH)]


def _categories(net: Any, _: NetSource) -> list[str]:
    tables = [(table.num_embeddings, table.embedding_dim) for table in net.tables]
    return [str(net.plain), repr(tables), str(STD)]


def _batch_ensemble(net: Any, _: NetSource) -> list[str]:
    first, chunks = net._first_scaling_init, net._first_scaling_init_chunks
    return [str(net.in_features), str(net.out_features), str(net.k), repr(first), repr(chunks)]


#: What our own constructors in `plain/nets.py` take for these modules.
OURS: dict[type[nn.Module], Any] = {
    EmbeddedNumbers: _numbers,
    EmbeddedCategories: _categories,
    EnsembleView: lambda net, _: [str(net.k)],
    LinearBatchEnsemble: _batch_ensemble,
    LinearEnsemble: lambda net, _: [str(net.in_features), str(net.out_features), str(net.k)],
}


def _call(name: str, arguments: list[str]) -> str:
    lines = [f"{INDENT}{_indented(argument)},\n" for argument in arguments]
    return f"{name}(\n{''.join(lines)})"


def _indented(text: str) -> str:
    return text.replace("\n", f"\n{INDENT}")
