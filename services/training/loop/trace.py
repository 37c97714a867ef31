"""One step's cost and gradients as a flat list of calls: traced once for each shape of batch, then replayed.

What autograd would do is written down while it does it (`make_fx`), so the kernels, and with them the bits, are those
of the plain step; what is saved is autograd's own bookkeeping and Python's.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

#: features, targets -> the cost and the gradient of every parameter
Replay = Callable[[Tensor, Tensor], tuple[Tensor, ...]]
aten = torch.ops.aten
#: Views of a tensor that stay true when its values change in place.
VIEWS = {aten.t.default, aten.view.default, aten.transpose.int, aten.unsqueeze.default, aten.detach.default}


def traced(
    model: nn.Module, cost_function: Callable[[Tensor, Tensor], Tensor], features: Tensor, targets: Tensor
) -> Replay:
    """Return what gives a batch of this shape its cost, (), and the gradients in the order of `model.parameters()`.

    The model's parameters and buffers are read, and buffers changed, where they are.
    Raises: whatever the model's code raises when it can't be traced.
    """
    parameters = dict(model.named_parameters())
    kept = [tensor.detach() for tensor in (*parameters.values(), *model.buffers())]
    names = [*parameters, *(name for name, _ in model.named_buffers())]

    def cost_and_gradients(*given: Tensor) -> tuple[Tensor, ...]:
        *tensors, batch, wanted = given
        state = dict(zip(names, tensors, strict=True))
        wrt = [state[name].requires_grad_() for name in parameters]
        cost = cost_function(functional_call(model, state, (batch,)), wanted)
        return cost, *torch.autograd.grad(cost, wrt)

    # Tracing runs the batch once: what it did to buffers and to the random numbers is undone.
    before = [tensor.clone() for tensor in kept], torch.get_rng_state()
    with torch.random.fork_rng(devices=[features.device] if features.is_cuda else []):
        found: GraphModule = make_fx(cost_and_gradients)(*[tensor.detach() for tensor in kept], features, targets)
    for tensor, was in zip(kept, before[0], strict=True):
        tensor.copy_(was)
    return _compiled(found, kept)


def _compiled(module: GraphModule, kept: list[Tensor]) -> Replay:
    """Return a graph as a function of features and targets, its other inputs bound."""
    graph = module.graph
    _shorten(graph)
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    bound: dict[Node, Tensor] = dict(zip(inputs, kept, strict=False))
    for node in list(graph.nodes):
        if node.target in VIEWS and node.args[0] in bound:
            constant = node.target(bound[node.args[0]], *node.args[1:])
        elif node.target is aten.ones_like.default and node.meta["tensor_meta"].shape == ():
            constant = torch.ones((), dtype=node.meta["tensor_meta"].dtype, device=kept[0].device)
        else:
            continue
        with graph.inserting_before(inputs[len(kept)]):
            bound[graph.placeholder(f"kept_{node.name}")] = constant
        node.replace_all_uses_with(list(bound)[-1])
    graph.eliminate_dead_code()
    for node in graph.nodes:
        _quicken(node)
    module.recompile()
    return partial(module.forward, *bound.values())


def _shorten(graph: Graph) -> None:
    """Take out what has no effect: detaching where nothing is recorded, and turning a matrix twice."""
    for node in graph.nodes:
        if node.target is aten.detach.default:
            node.replace_all_uses_with(node.args[0])
        elif node.target is aten.t.default and getattr(node.args[0], "target", None) is aten.t.default:
            node.replace_all_uses_with(node.args[0].args[0])
    graph.eliminate_dead_code()


def _quicken(node: Node) -> None:
    """Have a call's kernel called with less ceremony than `torch.ops` needs, every argument said."""
    if not isinstance(node.target, torch._ops.OpOverload):
        return
    name = node.target.overloadpacket.__name__
    for home in (torch._C._VariableFunctions, torch._C._nn, torch.Tensor):
        if hasattr(home, name):
            # Without it, some of these functions do not reduce where the operator takes the mean.
            left = node.target._schema.arguments[len(node.args) :]
            names = [argument.name for argument in left]
            if "reduction" in names and not node.kwargs:
                node.args += tuple(argument.default_value for argument in left[: names.index("reduction") + 1])
            node.target = getattr(home, name)
            return
