"""What a training reads, wherever it comes from: a table, or items of a plug-in's own Dataset."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from services.columns import TableInfo
from services.specs.resolve.features import classes, tensor_shape
from services.specs.schema.job import JobSpec
from services.training.input.batching import Batching, ChosenRows
from services.training.input.block_batches import BlockBatches
from services.training.input.column_inputs import Input
from services.training.input.encoding import Encoding
from services.training.input.item_batches import item_batches
from services.training.input.leakage import classes_without_rows, constant_targets, leaking_features, repeated_rows
from services.training.input.plugin_data import Opened
from services.training.input.preprocessing import Preprocessing
from services.training.input.rows import TrainBatches
from services.training.input.split import Parts, split
from services.training.input.table_access import fits, to_learn_from, to_measure, to_train_on
from services.training.input.weight_check import check_weights
from services.training.losses import Counts
from services.training.models.bins import bins_like
from services.training.models.embedding import embeds
from services.training.models.inputs import Inputs


@dataclass(frozen=True)
class Examples:
    """The batches of each part, and what model, loss and predictions must know of them."""

    train: TrainBatches | BlockBatches
    validation: Iterable[tuple[Tensor, Tensor]] | None
    test: Iterable[tuple[Tensor, Tensor]] | None
    train_eval: Iterable[tuple[Tensor, Tensor]] | None  #: the training rows, where they are measured like the others
    preprocessing: Preprocessing
    inputs: Inputs
    counts: Counts
    weighted: bool  #: the targets' last column is the weight of each row
    targets: Tensor | None = None  #: of the rows that the scalings are learnt from; a plug-in's are not read before
    warnings: list[dict[str, Any]] = field(default_factory=list)  #: what of the data makes a result worth less


def examples(spec: JobSpec, info: TableInfo, source: np.ndarray | Opened, stored: Mapping[str, Tensor]) -> Examples:
    """Return the examples of a table, (rows, columns) float32, or of a Dataset; `stored`: weights to begin with."""
    return of_dataset(spec, info, source) if isinstance(source, Opened) else of_table(spec, info, source, stored)


def of_table(spec: JobSpec, info: TableInfo, table: np.ndarray, stored: Mapping[str, Tensor]) -> Examples:
    """Return the rows of a table as examples: what there is to learn of them beforehand is learnt here.

    Shapes: table (rows, columns) float32.
    """
    parts = split(spec, info, table)
    check_weights(spec, info, table, parts)
    seed, device = spec.seed or 0, torch.device(spec.device)
    cells = to_learn_from(table, parts.train, seed)
    encode = Encoding.fitted(spec, info, cells, tensor_shape(spec, info))
    encoded = encode(cells)
    trained = ChosenRows(table, parts.train, encode, encoded)
    batching = Batching(_batch_size(spec, int(parts.train.sum())), seed, spec.shuffle, spec.drop_last)

    def measured(rows: np.ndarray) -> Iterable[tuple[Tensor, Tensor]]:
        return to_measure(ChosenRows(table, rows, encode), spec.validation.rows, device)

    counts = encode.class_counts(encoded[1])
    inputs, targets = _inputs(spec, encode, encoded[0], stored), encoded[1]
    return Examples(
        to_train_on(trained, batching, device),
        measured(parts.validation) if parts.validation.any() else None,
        measured(parts.test) if parts.test.any() else None,
        to_measure(trained, spec.validation.rows, device) if spec.validation.train_eval else None,
        encode.preprocessing,
        inputs,
        Counts(len(targets), counts),
        encode.weighted,
        targets,
        constant_targets(spec, info, cells)
        + (classes_without_rows(spec, info, counts) if fits(table) else [])
        + leaking_features(spec, info, cells)
        + _repeated(spec, info, table, parts),
    )


def of_dataset(spec: JobSpec, info: TableInfo, data: Opened) -> Examples:
    """Return a plug-in's items as examples: nothing is learnt of them beforehand, and none is read yet."""
    parts = split(spec, info, np.empty((info.rows, 0), dtype=np.float32))  # no column decides
    train, validation, test = (np.flatnonzero(part) for part in (parts.train, parts.validation, parts.test))
    size = _batch_size(spec, len(train))
    batches = partial(item_batches, data, info, multiclass=spec.task == "multiclass")
    seed = spec.seed or 0
    in_order = Batching(min(size, spec.validation.rows), seed)
    return Examples(
        batches(train, Batching(size, seed, spec.shuffle, spec.drop_last)),
        batches(validation, in_order).loader if len(validation) else None,
        batches(test, in_order).loader if len(test) else None,
        batches(train, in_order).loader if spec.validation.train_eval else None,
        _as_they_are(spec, info),
        Inputs(tensor_shape(spec, info) or (), str(spec.task)),
        Counts(len(train), []),
        weighted=False,
    )


def _as_they_are(spec: JobSpec, info: TableInfo) -> Preprocessing:
    """Return what stands between a plug-in's items and a net: the names of the classes, nothing else."""
    features, *targets = info.columns
    inputs = [Input(features.name, features.type, None, shape=features.shape)]
    names, loss = [target.name for target in targets], "" if spec.loss == "auto" else spec.loss.type
    if spec.task in {"regression", "multilabel"}:
        return Preprocessing(str(spec.task), loss, inputs, names, [None] * len(names), None, None)
    known = classes(targets[0])
    return Preprocessing(str(spec.task), loss, inputs, names, [], known, [float(n) for n in range(len(known))])


def _inputs(spec: JobSpec, encode: Encoding, features: Tensor, stored: Mapping[str, Tensor]) -> Inputs:
    numbers, bins = len(encode.preprocessing.numbers), None
    if len(encode.shape) == 1 and embeds(getattr(spec.model, "number_embedding", None), numbers):
        # The weights of an embedding belong to its bins: who starts from them takes the bins along.
        learnt = bins_like(stored)
        bins = learnt if learnt and len(learnt) == numbers else encode.preprocessing.bins(features)
    preprocessing = encode.preprocessing
    return Inputs(encode.shape, preprocessing.task, numbers, bins, preprocessing.categories, preprocessing.loss)


def _repeated(spec: JobSpec, info: TableInfo, table: np.ndarray, parts: Parts) -> list[dict[str, Any]]:
    """Return the warning of rows on both sides of the split; of a table that is read in blocks nobody has looked."""
    if not fits(table) or not parts.validation.any():
        return []
    return repeated_rows(spec, info, table, parts.train, parts.validation)


def _batch_size(spec: JobSpec, rows: int) -> int:
    return rows if spec.batch_size == "full" else int(spec.batch_size)
