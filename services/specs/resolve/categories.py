"""Which columns of categories are learnt as embeddings, of how many entries and how wide."""

import math

from services.columns import Column, TableInfo
from services.errors import Fault
from services.specs.resolve.features import ONE_HOT, is_category, options
from services.specs.resolve.findings import Findings
from services.specs.schema.data import ColumnOptions
from services.specs.schema.job import JobSpec

EMBEDDING_MODELS = {"mlp", "tabm"}  #: the models that can begin with embeddings of categories
MIN_ROWS = 2  #: a value of fewer training rows shares an entry with all others like it
MAX_WIDTH = 600


def with_encodings(spec: JobSpec, features: list[str], info: TableInfo, found: Findings) -> dict[str, ColumnOptions]:
    """Return the options of the columns, those that are to be embedded saying so.

    From more values on than get an input each by default, a model that can embed a column does.
    """
    columns = dict(spec.data.columns)
    embeds = spec.model.type in EMBEDDING_MODELS
    for name in features:
        column, chosen = info.column(name), options(spec, name)
        pointer = f"#/data/columns/{name}/encoding"
        if not is_category(column, chosen):
            if chosen.encoding != "auto":
                hint = 'numbers with up to 1,000 values can be categories, with "type": "category"'
                found.faults.append(Fault(pointer, "invalid", f"{name!r} does not hold categories", hint=hint))
        elif chosen.encoding == "embedding" and not embeds:
            detail = f"a {spec.model.type} model has no embeddings of categories; mlp and tabm have"
            found.faults.append(Fault(pointer, "invalid", detail, value="embedding", suggestion="one_hot"))
        elif chosen.encoding == "auto" and embeds and _most(column, chosen) > ONE_HOT:
            columns[name] = chosen.model_copy(update={"encoding": "embedding"})
    return columns


def kept_at_most(column: Column, chosen: ColumnOptions) -> int:
    """Return how many values of an embedded column get an entry of their own, at most: training may have fewer."""
    return min(_most(column, chosen), sum(count >= MIN_ROWS for count in column.counts or []))


def vector_width(column: Column, chosen: ColumnOptions) -> int:
    """Return how long a vector of an embedded column is.

    Source: the rule of fastai (Howard and Gugger, fastai: A Layered API for Deep Learning, 2020), `emb_sz_rule`.
    """
    return min(MAX_WIDTH, round(1.6 * math.pow(_most(column, chosen), 0.56)))


def embeddings(spec: JobSpec, info: TableInfo) -> tuple[tuple[int, int], ...]:
    """Return the entries, at most, and the width of each embedded column of a resolved spec, in order."""
    found = [(info.column(name), options(spec, name)) for name in spec.data.inputs]
    return tuple(
        (kept_at_most(column, chosen) + 1, vector_width(column, chosen))
        for column, chosen in found
        if chosen.encoding == "embedding"
    )


def _most(column: Column, chosen: ColumnOptions) -> int:
    values = len(column.values or [])
    return values if chosen.max_categories == "auto" else min(values, chosen.max_categories)
