"""Each net has the weights, shapes and values that its definition says."""

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn
from torch.nn import functional

from services.errors import InvalidRequest
from services.specs.schema.models import Model
from services.training.models import MODELS
from services.training.models.bins import bins_like
from services.training.models.inputs import Inputs

TABLE = Inputs((6,), "regression")
PICTURES = Inputs((2, 8, 8), "multiclass")
SIGNALS = Inputs((2, 16), "multiclass")
#: Two number columns of four bins and of one, and three other inputs.
BINS = [torch.linspace(-2.0, 2.0, 5), torch.tensor([0.0, 1.0])]
EMBEDDED = Inputs((5,), "regression", 2, BINS)


def net(model: Any, inputs: Inputs = TABLE, outputs: int = 3, seed: int = 0) -> nn.Module:
    spec: Any = TypeAdapter(Model).validate_python(model)
    torch.manual_seed(seed)
    return MODELS[spec.type](spec, inputs, outputs)


def own(*layers: Any) -> dict[str, Any]:
    return {"type": "layers", "layers": list(layers)}


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("model", "inputs", "count"),
    [
        ("linear", TABLE, 6 * 3 + 3),
        ({"type": "linear", "bias": False}, TABLE, 6 * 3),
        ("linear", PICTURES, 128 * 3 + 3),
        ({"type": "mlp", "hidden": [5, 4]}, TABLE, (6 * 5 + 5) + (5 * 4 + 4) + (4 * 3 + 3)),
        ({"type": "mlp", "hidden": [5], "norm": "batch"}, TABLE, (6 * 5 + 5) + 2 * 5 + (5 * 3 + 3)),
        ({"type": "mlp", "hidden": [5], "norm": "layer", "dropout": 0.5}, TABLE, (6 * 5 + 5) + 2 * 5 + (5 * 3 + 3)),
        ({"type": "mlp", "hidden": [5, 5], "residual": True}, TABLE, (6 * 5 + 5) + (5 * 5 + 5) + (5 * 3 + 3)),
        # Of each number: a line (2 x 8), and 8 for each of the bins that the column with most has.
        (
            {"type": "mlp", "hidden": [5], "number_embedding": "piecewise"},
            EMBEDDED,
            2 * 2 * 8 + 2 * 4 * 8 + ((2 * 8 + 3) * 5 + 5) + (5 * 3 + 3),
        ),
        ({"type": "mlp", "hidden": [5], "number_embedding": "piecewise"}, TABLE, (6 * 5 + 5) + (5 * 3 + 3)),
        ({"type": "mlp", "hidden": [5], "number_embedding": None}, EMBEDDED, (5 * 5 + 5) + (5 * 3 + 3)),
        # 8 x 8 is halved twice: 7 channels of 2 x 2.
        (
            {"type": "cnn", "channels": [4, 7], "hidden": [10], "norm": "batch"},
            PICTURES,
            (2 * 9 * 4 + 4 + 2 * 4) + (4 * 9 * 7 + 7 + 2 * 7) + (28 * 10 + 10 + 2 * 10) + (10 * 3 + 3),
        ),
        (
            {"type": "cnn", "channels": [4], "hidden": [], "kernel_size": 5, "norm": "layer", "pool": "avg"},
            SIGNALS,
            (2 * 5 * 4 + 4 + 2 * 4) + (4 * 8 * 3 + 3),
        ),
        # Of each of four gates: a matrix for the step, one for what is carried, and two constants.
        ({"type": "lstm", "hidden": 5}, SIGNALS, 4 * (2 * 5 + 5 * 5 + 2 * 5) + (5 * 3 + 3)),
        (
            {"type": "lstm", "hidden": 4, "layers": 2, "bidirectional": True, "dropout": 0.5},
            SIGNALS,
            2 * 4 * (2 * 4 + 4 * 4 + 2 * 4) + 2 * 4 * (8 * 4 + 4 * 4 + 2 * 4) + (8 * 3 + 3),
        ),
        # Of each layer: shared weights, and for each member a factor for every input and output and a constant.
        (
            {"type": "tabm", "k": 4, "hidden": [8, 5]},
            TABLE,
            (6 * 8 + 4 * (6 + 8 + 8)) + (8 * 5 + 4 * (8 + 5 + 5)) + 4 * (5 * 3 + 3),
        ),
        (
            {"type": "tabm", "k": 4, "hidden": [8], "number_embedding": "piecewise"},
            EMBEDDED,
            2 * 2 * 8 + 2 * 4 * 8 + (19 * 8 + 4 * (19 + 8 + 8)) + 4 * (8 * 3 + 3),
        ),
    ],
)
def test_a_net_has_the_parameters_of_its_formula(model: Any, inputs: Inputs, count: int) -> None:
    made = net(model, inputs).eval()

    assert parameters(made) == count
    assert made(torch.randn(7, *inputs.shape)).shape == (7, 3)


def test_the_first_weights_are_those_of_the_same_net_in_plain_torch() -> None:
    torch.manual_seed(5)
    plain = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 3))
    torch.manual_seed(5)
    line = nn.Linear(6, 3)

    width = {"type": "linear", "out": 5}
    layers = net(own(width, "batch_norm", "relu", width, "relu", {"type": "linear", "out": "auto"}), seed=5)
    norms = net({"type": "mlp", "hidden": [5, 5], "norm": "batch"}, seed=5)
    single = net("linear", seed=5)

    assert all(torch.equal(ours, theirs) for ours, theirs in zip(layers.parameters(), plain.parameters(), strict=True))
    weights = [tensor for tensor in norms.parameters() if tensor.ndim == 2]
    theirs = [tensor for tensor in plain.parameters() if tensor.ndim == 2]
    assert all(map(torch.equal, weights, theirs))
    assert torch.equal(single(torch.ones(1, 6)), line(torch.ones(1, 6)))


def test_an_lstm_answers_as_pytorchs_own_after_the_last_step_of_a_series() -> None:
    torch.manual_seed(5)
    plain, line = nn.LSTM(2, 5, 2, batch_first=True, bidirectional=True), nn.Linear(10, 3)
    series = torch.randn(7, 2, 16)

    made = net({"type": "lstm", "hidden": 5, "layers": 2, "bidirectional": True}, SIGNALS, seed=5)
    steps, _ = plain(series.permute(0, 2, 1))
    # The direction that reads from the end has read all of it at the first step.
    answer = line(torch.cat([steps[:, -1, :5], steps[:, 0, 5:]], 1))

    assert torch.equal(made(series), answer)


FLAT: tuple[Any, ...] = ("flatten", {"type": "linear", "out": "auto"})
OF_PICTURES: dict[str, list[Any]] = {
    "conv2d": [{"type": "conv2d", "out": 4, "kernel_size": 3, "padding": 2, "dilation": 2, "groups": 2}],
    "max_pool2d": [{"type": "max_pool2d", "kernel_size": 2}],
    "avg_pool2d": [{"type": "avg_pool2d", "kernel_size": 3, "stride": 1}],
    "adaptive_avg_pool2d": [{"type": "adaptive_avg_pool2d", "output_size": 2}],
    "batch_norm": ["batch_norm"],
    "layer_norm": ["layer_norm"],
    "group_norm": [{"type": "group_norm", "groups": 2}],
    "dropout": [{"type": "dropout", "p": 0.1}],
    "flatten": ["flatten"],
    "unflatten": ["flatten", {"type": "unflatten", "shape": [8, 4, 4]}],
    "linear": [{"type": "linear", "out": 4}],
    "residual": [{"type": "residual", "layers": [{"type": "conv2d", "out": 2, "kernel_size": 3, "padding": "same"}]}],
    "repeat": [{"type": "repeat", "times": 2, "layers": [{"type": "conv2d", "out": 3, "kernel_size": 2}, "relu"]}],
    **{name: [name] for name in ("relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu", "softplus")},
}
OF_SIGNALS: dict[str, list[Any]] = {
    "conv1d": [{"type": "conv1d", "out": 4, "kernel_size": 3, "stride": 2}],
    "max_pool1d": [{"type": "max_pool1d", "kernel_size": 2}],
    "avg_pool1d": [{"type": "avg_pool1d", "kernel_size": 2}],
    "adaptive_avg_pool1d": [{"type": "adaptive_avg_pool1d", "output_size": 2}],
    "batch_norm1d": ["batch_norm"],
    "embedding": [{"type": "embedding", "num": 4, "dim": 2}],
    "lstm": [{"type": "lstm", "out": 4}],
    "lstm of every step": [{"type": "lstm", "out": 4, "bidirectional": True, "steps": "all"}, "relu"],
}


@pytest.mark.parametrize(
    ("inputs", "layers"),
    [(PICTURES, layers) for layers in OF_PICTURES.values()] + [(SIGNALS, layers) for layers in OF_SIGNALS.values()],
    ids=[*OF_PICTURES, *OF_SIGNALS],
)
def test_a_net_with_each_layer_trains_a_step_that_lowers_the_cost(inputs: Inputs, layers: list[Any]) -> None:
    made = net(own(*layers, *FLAT), inputs)
    features, targets = torch.rand(12, *inputs.shape) * 4, torch.arange(12) % 3
    optimizer = torch.optim.SGD(made.parameters(), lr=1e-3)

    made.eval()  # the same function before and after, dropout left out
    cost = functional.cross_entropy(made(features), targets)
    cost.backward()
    optimizer.step()

    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in made.parameters())
    assert functional.cross_entropy(made(features), targets) < cost
    assert made.train()(features).shape == (12, 3)


def test_an_embedding_looks_up_the_vector_of_each_number() -> None:
    made = net(own({"type": "embedding", "num": 5, "dim": 2}, *FLAT), Inputs((3,), "regression"), 1)
    table = next(made.parameters())

    vectors = made[0](torch.tensor([[4.0, 0.0, 4.0]]))

    assert torch.equal(vectors, table[[4, 0, 4]][None])


def test_repeated_layers_have_weights_of_their_own() -> None:
    made = net(own({"type": "repeat", "times": 3, "layers": [{"type": "linear", "out": 6}]}), outputs=6)

    first, second, third = (parameter for parameter in made.parameters() if parameter.ndim == 2)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_residual_adds_what_a_layer_gets_where_the_one_before_is_as_wide() -> None:
    made: Any = net(
        {"type": "mlp", "hidden": [6, 6, 4, 4], "residual": True, "dropout": 0.0}, Inputs((6,), "regression")
    )
    features = torch.randn(5, 6)
    matrices = [parameter for parameter in made.parameters() if parameter.ndim == 2]
    constants = [parameter for parameter in made.parameters() if parameter.ndim == 1]

    def layer(n: int, given: Tensor) -> Tensor:
        return (given @ matrices[n].T + constants[n]).clamp_min(0)

    first = layer(0, features)
    second = first + layer(1, first)
    third = layer(2, second)
    fourth = third + layer(3, third)
    assert torch.allclose(made(features), fourth @ matrices[4].T + constants[4], atol=1e-6)


def test_a_cnn_stops_to_halve_when_a_side_is_a_single_value() -> None:
    made: Any = net(
        {"type": "cnn", "channels": [3, 3, 3], "hidden": [4], "dropout": 0.25}, Inputs((1, 4, 9), "binary"), 1
    )

    assert sum(isinstance(module, nn.MaxPool2d) for module in made) == 2
    assert made(torch.rand(2, 1, 4, 9)).shape == (2, 1)


@pytest.mark.parametrize("shape", [(6,), (1, 4, 4, 4)], ids=str)
def test_a_cnn_of_what_is_no_signal_and_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        net("cnn", Inputs(shape, "regression"))

    (fault,) = caught.value.faults
    assert (fault.pointer, fault.code) == ("#/model", "shape_mismatch")
    assert str(shape).replace(",)", ")") in fault.detail


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        ({"type": "cnn", "channels": [4], "norm": "batch"}, PICTURES),
        ({"type": "mlp", "norm": "batch", "number_embedding": "piecewise"}, EMBEDDED),
        ({"type": "tabm", "k": 3}, TABLE),
        ({"type": "tabm", "k": 3, "number_embedding": "piecewise"}, EMBEDDED),
        (own({"type": "residual", "layers": ["batch_norm", {"type": "linear", "out": 6}]}, *FLAT), TABLE),
    ],
    ids=["cnn", "mlp", "tabm", "tabm embedded", "layers"],
)
def test_weights_go_into_a_fresh_net_of_the_same_spec(model: Any, inputs: Inputs) -> None:
    features = torch.randn(9, *inputs.shape)
    made, fresh = net(model, inputs), net(model, inputs, seed=1)
    optimizer = torch.optim.SGD(made.parameters(), lr=0.1)
    made(features).square().mean().backward()
    optimizer.step()

    answer = made.eval()(features)
    assert not torch.equal(fresh.eval()(features), answer)
    fresh.load_state_dict(made.state_dict())

    assert torch.equal(fresh(features), answer)


@pytest.mark.parametrize("kind", ["mlp", "tabm"])
@pytest.mark.parametrize("edges", [(5, 5), (2, 2), (3, 2), (33, 4)], ids=str)
def test_stored_weights_tell_how_many_bins_they_need(kind: str, edges: tuple[int, int]) -> None:
    model, features = {"type": kind, "number_embedding": "piecewise"}, torch.randn(4, 5)
    made = net(model, Inputs((5,), "regression", 2, [torch.linspace(-3.0, 2.0, n) for n in edges])).eval()

    fresh = net(model, Inputs((5,), "regression", 2, bins_like(made.state_dict())), seed=1).eval()
    fresh.load_state_dict(made.state_dict())

    assert torch.equal(fresh(features), made(features))
    assert bins_like(net(kind).state_dict()) is None


def test_a_number_is_embedded_by_a_line_that_bends_at_its_bins() -> None:
    made: Any = net({"type": "mlp", "hidden": [4], "number_embedding": "piecewise"}, EMBEDDED)
    with torch.no_grad():
        for parameter in made[0].parameters():
            parameter.uniform_(-1, 1)
    x = torch.linspace(-1.9, 1.9, 77)
    rows = torch.stack([x, x, *torch.randn(3, 77)], 1)

    vectors = made[0](rows).detach()
    slopes = vectors[:, :8].diff(dim=0) / x.diff()[:, None]
    bends = (slopes.diff(dim=0).abs() > 1e-3).any(1).nonzero()[:, 0] + 1

    # The edges within are -1, 0 and 1: a bend shows at the steps beside each.
    assert {round(float(x[n])) for n in bends.tolist()} == {-1, 0, 1}
    assert (x[bends] - x[bends].round()).abs().max() <= 0.05 + 1e-6
    assert torch.equal(vectors[:, 16:], rows[:, 2:])
