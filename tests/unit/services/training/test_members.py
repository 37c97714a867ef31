"""Members side by side in one net, as in TabM: what each answers, and what they answer together."""

import math
from typing import Any

import pytest
import tabm as library
import torch

from services.training.models.inputs import Inputs
from services.training.models.tabm import together
from tests.unit.services.training.test_models import BINS, net


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass", "multilabel"])
def test_members_answer_each_while_training_and_their_mean_afterwards(task: str) -> None:
    made = net(
        {"type": "tabm", "k": 4, "dropout": 0.0, "hidden": [8]}, Inputs((6,), task), 1 if task == "binary" else 3
    )
    features = torch.randn(5, 6)

    each = made.train()(features).double()
    answer = made.eval()(features).double()

    assert each.shape[:2] == (5, 4)
    assert not torch.allclose(each[:, 0], each[:, 1])
    if task == "regression":
        assert torch.allclose(answer, sum(each[:, n] for n in range(4)) / 4, atol=1e-6)
    elif task == "multiclass":
        mean = sum(each[:, n].exp() / each[:, n].exp().sum(1, keepdim=True) for n in range(4)) / 4
        assert torch.allclose(answer.exp(), mean, atol=1e-6)
    else:
        mean = sum(1 / (1 + (-each[:, n]).exp()) for n in range(4)) / 4
        assert torch.allclose(1 / (1 + (-answer).exp()), mean, atol=1e-6)


def test_the_mean_of_two_probabilities_by_hand() -> None:
    # Sigmoids 1/2 and 3/4: mean 5/8, odds 5/3. Softmax (1/2, 1/2) and (3/4, 1/4): mean (5/8, 3/8).
    binary = together(torch.tensor([[[0.0], [math.log(3)]]]), "binary")
    classes = together(torch.tensor([[[0.0, 0.0], [math.log(3), 0.0]]]), "multiclass")

    assert torch.allclose(binary, torch.tensor([[math.log(5 / 3)]]))
    assert torch.allclose(classes, torch.tensor([[math.log(5 / 8), math.log(3 / 8)]]))


def test_members_that_say_rates_or_distributions_are_mixed_by_hand() -> None:
    # Rates 1 and 3: mean 2. For the first target N(0, 1) and N(2, 3): mean 1, variance (1 + 3) / 2 + 1 = 3; for the
    # second N(5, 2) twice: itself.
    rates = together(torch.tensor([[[0.0], [math.log(3)]]]), "regression", "poisson_nll")
    logs = [[0.0, 5.0, 0.0, math.log(2)], [2.0, 5.0, math.log(3), math.log(2)]]
    normals = together(torch.tensor([logs]), "regression", "gaussian_nll")

    assert torch.allclose(rates, torch.tensor([[math.log(2)]]))
    assert torch.allclose(normals, torch.tensor([[1.0, 5.0, math.log(3), math.log(2)]]))


def test_one_member_answers_for_itself_however_sure() -> None:
    answers = torch.tensor([[[3.0, -500.0]]])

    assert torch.equal(together(answers, "regression", "gaussian_nll"), answers[:, 0])


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_members_that_are_very_sure_stay_finite(task: str) -> None:
    sure = torch.tensor([[[-500.0, 500.0], [-400.0, 500.0]]])

    assert together(sure, task).isfinite().all()


@pytest.mark.parametrize("embedded", [False, True], ids=["plain", "embedded"])
def test_tabm_is_its_own_librarys_net(embedded: bool) -> None:
    inputs = Inputs((2,), "regression", 2, BINS if embedded else None)
    spec = {"type": "tabm", "k": 4, "hidden": [8, 8], "dropout": 0.0}
    made = net(spec | ({"number_embedding": "piecewise"} if embedded else {}), inputs, 3, seed=2)
    torch.manual_seed(2)
    embedding: Any = made.get_submodule("layers.0.embedding") if embedded else None
    theirs = library.TabM.make(
        n_num_features=2, num_embeddings=embedding, d_out=3, n_blocks=2, d_block=8, k=4, dropout=0.0
    )
    features = torch.rand(5, 2)

    with torch.no_grad():
        for ours, its in zip(made.parameters(), theirs.parameters(), strict=True):
            # Without embeddings both drew the same numbers; with them, ours drew the embeddings' before.
            assert torch.equal(ours, its) or embedded
            its.copy_(ours)

    assert torch.allclose(made(features), theirs(features), atol=1e-6)
