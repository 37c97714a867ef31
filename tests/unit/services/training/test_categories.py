"""Categories of many values are learnt as embeddings: what goes in, what is learnt, and what unseen ones come to."""

import json
from typing import Any

import numpy as np
import pytest
import torch

from services.columns import Column, TableInfo
from services.predictions.decoder import cells_of
from services.specs.resolve.resolution import resolve
from services.specs.schema.job import JobSpec
from services.specs.schema.predict import Predict
from services.training.build import build
from services.training.input import table_access
from services.training.input.block_batches import BlockBatches
from services.training.input.preprocessing import Preprocessing
from services.training.loop import step_choice
from services.training.loop.training import Training
from services.training.model_summary import summary
from services.training.models.embedding import EmbeddedCategories
from services.training.models.inputs import Inputs
from services.training.predictor import Predictor
from services.training.weights import from_bytes
from tests.make import LIMITS

VALUES, ROWS = 300, 20


def table(values: int = VALUES, rows: int = ROWS) -> tuple[TableInfo, np.ndarray, np.ndarray]:
    """A target that is the hidden value of a row's category, a number that says nothing, and the hidden values."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=values)
    category = random.permutation(np.repeat(np.arange(values), rows))
    number = random.normal(size=len(category))
    cells = np.column_stack([category, number, hidden[category]]).astype(np.float32)
    names = [f"v{n:04}" for n in range(values)]
    columns = [
        Column("c", "category", values=names, counts=[rows] * values),
        *[Column(name, "number", min=float(cells[:, n].min()), max=float(cells[:, n].max())) for n, name in
          enumerate(["x", "y"], 1)],
    ]  # fmt: skip
    return TableInfo(len(cells), columns), cells, hidden


def resolved(info: TableInfo, **keys: Any) -> JobSpec:
    data = {"dataset": "ds_sample", "target": "y", **keys.pop("data", {})}
    spec = JobSpec.model_validate({"model": "mlp", "seed": 0, **keys, "data": data})
    limits = {"dataset": "ds_sample", "suggested_target": None, "cuda_online": False, "limits": LIMITS}
    return resolve(spec, info, measure=summary, **limits).spec


def trained(*, last: bytes | None = None, stop_requested: Any = lambda: None, **keys: Any) -> Training:
    info, cells, _ = table()
    training = build(resolved(info, **{"epochs": 20, **keys}), info, cells, last=last, stop_requested=stop_requested)
    for costs in training.fit():
        if training.best.improved(costs):
            training.keep_best()
    return training


def fitted(counts: list[int], **chosen: Any) -> tuple[Preprocessing, np.ndarray]:
    """The preprocessing of one embedded column whose values have so many training rows."""
    info = TableInfo(sum(counts), [
        Column("c", "category", values=[f"v{n}" for n in range(len(counts))], counts=counts),
        Column("y", "number", min=0.0, max=1.0),
    ])  # fmt: skip
    cells = np.repeat(np.arange(len(counts), dtype=np.float32), counts)
    spec = resolved(info, data={"columns": {"c": {"encoding": "embedding", **chosen}}}, task="regression")
    return Preprocessing.fitted(spec, info, np.column_stack([cells, cells])), cells


@pytest.mark.parametrize("model", ["mlp", "tabm"])
def test_the_hidden_value_of_300_categories_is_learnt_where_one_hot_of_50_can_not(model: str) -> None:
    embedded = trained(model=model)
    one_hot = trained(model=model, epochs=5, data={"columns": {"c": {"encoding": "one_hot"}}})

    # A guess costs 1 on scaled targets; the 50 categories that one-hot tells apart are a sixth of the rows.
    assert embedded.best.value < 0.005
    assert one_hot.best.value > 0.7


def test_a_checkpoint_answers_by_the_category_and_says_that_one_is_unseen() -> None:
    _, _, hidden = table()
    predictor = Predictor.from_bytes(trained().best_bytes())
    records = [{"c": f"v{n:04}", "x": 0.0} for n in range(VALUES)]

    known, silent = cells_of(Predict(records=records), predictor.preprocessing)
    unseen, warnings = cells_of(Predict(records=[{"c": "nowhere", "x": 0.0}]), predictor.preprocessing)

    assert np.abs(predictor.values(known)[:, 0].numpy() - hidden).mean() < 0.1
    assert silent == []
    assert [(warning["code"], warning["columns"]) for warning in warnings] == [("unseen_category", ["c"])]
    # The vector of all unseen ones is learnt: it stands for the mean of the rows, not for any one of them.
    assert abs(float(predictor.values(unseen)[0, 0]) - hidden.mean()) < 0.5


@pytest.mark.parametrize("model", ["mlp", "tabm"])
def test_a_traced_step_of_embedded_categories_gives_the_bits_of_the_plain_one(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_choice, "TRACE_FROM", 10**9)
    plain = trained(model=model, epochs=2)
    monkeypatch.setattr(step_choice, "TRACE_FROM", 0)
    traced = trained(model=model, epochs=2)

    assert (plain.stepping.kind, traced.stepping.kind) == ("plain", "traced")
    assert same(plain, traced)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_training_that_is_resumed_ends_with_the_same_bits(precision: str) -> None:
    info, cells, _ = table()
    looks = iter([None] * 30 + ["drain"] * 9)
    stopped = build(
        resolved(info, epochs=2, precision=precision), info, cells, last=None, stop_requested=lambda: next(looks)
    )
    with pytest.raises(Exception, match="drain"):
        list(stopped.fit())
    last = stopped.last_bytes()  # before another training draws from the same random numbers

    assert same(trained(epochs=2, precision=precision), trained(epochs=2, precision=precision, last=last))


def test_a_table_in_blocks_has_entries_for_what_is_common_in_the_sample_it_learns_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_access, "IN_MEMORY_BYTES", 70_000)
    training = trained(epochs=8, batch_size=64)

    assert isinstance(training.train_batches, BlockBatches)
    ((entries, width),) = training.preprocessing.categories
    assert (entries > 290, width) == (True, 39)
    assert training.best.value < 0.1


def test_the_parameters_at_submit_are_those_of_the_training() -> None:
    info, cells, _ = table()
    spec = resolved(info)
    training = build(spec, info, cells, last=None, stop_requested=lambda: None)

    assert summary(spec, info)["parameters"] == sum(parameter.numel() for parameter in training.model.parameters())


def test_values_that_two_training_rows_have_get_an_entry_and_all_others_share_one() -> None:
    found, cells = fitted([3, 1, 2, 1])

    positions = found.features(np.append(cells, [-1.0, np.nan]).astype(np.float32)[:, None])

    # v0 three times, v1, v2 twice, v3; then a value that training does not have, and none.
    assert positions[:, 0].tolist() == [1, 1, 1, 0, 2, 2, 0, 0, 0]
    assert found.categories == ((3, round(1.6 * 4**0.56)),)
    assert Preprocessing.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_the_commonest_categories_are_kept_where_there_may_not_be_more() -> None:
    found, cells = fitted([2, 5, 3, 4], max_categories=2)

    assert found.features(cells[:, None])[:, 0].tolist() == [0] * 2 + [1] * 5 + [0] * 3 + [2] * 4


def test_a_column_whose_values_are_all_different_has_one_entry() -> None:
    found, cells = fitted([1] * 12)

    assert found.categories == ((1, 6),)
    assert not found.features(cells[:, None]).any()


def test_up_to_50_categories_are_the_inputs_that_they_were() -> None:
    info, cells, _ = table(values=50, rows=4)
    spec = resolved(info)
    found = Preprocessing.fitted(spec, info, cells)

    assert spec.data.columns == {}
    assert found.categories == ()
    features = found.features(cells[:, :2])
    assert torch.equal(features[:, 1:], torch.nn.functional.one_hot(torch.tensor(cells[:, 0]).long()).float())
    assert features.shape == (200, 51)


def test_a_missing_category_has_an_input_that_says_so_before_the_positions() -> None:
    info = TableInfo(6, [
        Column("c", "category", missing=1, values=["a", "b"], counts=[3, 2]),
        Column("y", "number", min=0.0, max=1.0),
    ])  # fmt: skip
    cells = np.array([[0, 0], [0, 1], [0, 2], [1, 3], [1, 4], [np.nan, 5]], dtype=np.float32)
    spec = resolved(info, data={"columns": {"c": {"encoding": "embedding"}}}, task="regression")

    features = Preprocessing.fitted(spec, info, cells).features(cells[:, :1])

    assert features.tolist() == [[0, 1], [0, 1], [0, 1], [0, 2], [0, 2], [1, 0]]


def test_a_category_is_hidden_as_often_as_a_value_comes_and_only_in_training() -> None:
    torch.manual_seed(0)
    layer = EmbeddedCategories(Inputs((3,), "regression", 1, None, ((10, 2), (4, 3))), 3)
    rows = torch.tensor([[0.5, 7.0, 2.0]]).repeat(40_000, 1)

    answered, trains = layer.eval()(rows), layer.train()(rows)

    assert torch.equal(
        answered[0], torch.cat([torch.tensor([0.5]), layer.tables[0].weight[7], layer.tables[1].weight[2]])
    )
    assert (answered == answered[0]).all()
    assert (trains[:, 1] == layer.tables[0].weight[0, 0]).float().mean() == pytest.approx(1 / 10, abs=0.01)
    assert (trains[:, 3] == layer.tables[1].weight[0, 0]).float().mean() == pytest.approx(1 / 4, abs=0.01)


def same(one: Training, other: Training) -> bool:
    """Whether two trainings have the same weights, to the bit."""
    found, expected = (from_bytes(it.last_bytes())[0] for it in (one, other))
    return all(torch.equal(found[name], expected[name]) for name in expected if name.startswith("model."))
