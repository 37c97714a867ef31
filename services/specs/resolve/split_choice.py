"""How a resolved spec divides its rows: what was said, or a default that fits how many rows there are."""

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.features import MIN_CLASS_ROWS, class_counts
from services.specs.resolve.findings import Findings
from services.specs.schema.data import ColumnSplit, NoSplit, RandomSplit, TimeSplit
from services.specs.schema.job import JobSpec

MIN_ROWS = 10  #: fewer rows are not split unless a split is asked for


def with_split(spec: JobSpec, info: TableInfo, found: Findings, *, given: bool) -> JobSpec:
    """Return the spec with its split decided; `given` says that inline rows came with others to validate or test."""
    split = spec.split
    if given:
        if "split" in spec.model_fields_set:
            found.warn("split_ignored", "x_val and x_test say which rows do not train.", "#/split")
        split = ColumnSplit(column="split")
    elif "split" not in spec.model_fields_set and info.rows < MIN_ROWS:
        ask = '"split": {"type": "random", "validation": 1}'
        message = f"Fewer than {MIN_ROWS} rows: all of them train. To hold some back, say {ask}."
        found.warn("split_left_out", message, "#/split")
        split = NoSplit()
    if isinstance(split, RandomSplit):
        split = _stratified(split, spec, info, found)
    if isinstance(split, TimeSplit) and info.column(split.column).type not in {"number", "datetime"}:
        detail = f"column {split.column!r} holds no numbers or times, which would order the rows"
        found.faults.append(Fault("#/split/column", "wrong_type", detail))
    if isinstance(split, ColumnSplit):
        found.faults += _value_faults(split, info)
    return spec.model_copy(update={"split": split})


def _stratified(split: RandomSplit, spec: JobSpec, info: TableInfo, found: Findings) -> RandomSplit:
    counts = class_counts(info.column(spec.data.targets[0])) if spec.task != "regression" else []
    if split.stratify is True and (not counts or min(counts) < 2):
        why = "needs classes" if not counts else "needs at least 2 rows of every class"
        found.faults.append(Fault("#/split/stratify", "invalid", why))
    stratify = split.stratify
    if stratify == "auto":
        stratify = bool(counts) and min(counts) >= MIN_CLASS_ROWS
    return split.model_copy(update={"stratify": stratify})


def _value_faults(split: ColumnSplit, info: TableInfo) -> list[Fault]:
    """Return what is wrong with the values of a column that says which rows train."""
    values = set(info.column(split.column).values or [])
    if strange := values - {"train", "validation", "test"}:
        first = min(map(str, strange))
        detail = f"column {split.column!r} says {first!r}; it may say train, validation or test"
        return [Fault("#/split/column", "bad_value", detail, value=first[:80])]
    return [] if "train" in values else [Fault("#/split/column", "bad_value", "no row says train")]
