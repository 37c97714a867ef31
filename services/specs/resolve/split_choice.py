"""Which rows train, validate and test: the split that a spec means, and what of it the data does not allow."""

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.features import MIN_CLASS_ROWS, class_counts
from services.specs.resolve.findings import Findings
from services.specs.schema.data import ColumnSplit, NoSplit, RandomSplit, TimeSplit
from services.specs.schema.job import JobSpec

MIN_ROWS = 10  #: fewer rows are not split unless a split is asked for


def with_split(spec: JobSpec, info: TableInfo, found: Findings) -> JobSpec:
    """Return the spec with its split decided; validation and test rows that came inline decide it."""
    split, asked = spec.split, "split" in spec.model_fields_set
    if spec.data.x_val or spec.data.x_test:
        if asked:
            found.warn("split_ignored", "x_val and x_test already say which rows are not for training.", "#/split")
        split = ColumnSplit(column="split")
    elif not asked and info.rows < MIN_ROWS:
        split = NoSplit()
        message = (
            f"With fewer than {MIN_ROWS} rows, all of them are for training. "
            'To hold some back, set "split": {"type": "random", "validation": 1}.'
        )
        found.warn("split_left_out", message, "#/split")
    if isinstance(split, RandomSplit):
        split = split.model_copy(update={"stratify": _stratify(spec, split, info, found)})
    elif isinstance(split, TimeSplit) and info.column(split.column).type not in {"number", "datetime"}:
        detail = f"column {split.column!r} holds neither numbers nor times, which would order the rows"
        found.faults.append(Fault("#/split/column", "wrong_type", detail))
    elif isinstance(split, ColumnSplit):
        found.faults += _part_faults(split, info)
    return spec.model_copy(update={"split": split})


def _stratify(spec: JobSpec, split: RandomSplit, info: TableInfo, found: Findings) -> bool:
    counts = class_counts(info.column(spec.data.targets[0])) if spec.task != "regression" else []
    if split.stratify == "auto":
        return bool(counts) and min(counts) >= MIN_CLASS_ROWS
    if split.stratify and (not counts or min(counts) < 2):
        why = "needs classes" if not counts else "needs at least 2 rows of every class"
        found.faults.append(Fault("#/split/stratify", "invalid", why))
    return split.stratify


def _part_faults(split: ColumnSplit, info: TableInfo) -> list[Fault]:
    values = set(info.column(split.column).values or [])
    if strange := values - {"train", "validation", "test"}:
        first = min(map(str, strange))
        detail = f"column {split.column!r} contains {first!r}; allowed are train, validation and test"
        return [Fault("#/split/column", "bad_value", detail, value=first[:80])]
    return [] if "train" in values else [Fault("#/split/column", "bad_value", "no row is marked train")]
