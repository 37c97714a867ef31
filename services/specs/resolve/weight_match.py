"""Whether the weights of another job go together with a spec that begins with them."""

from collections.abc import Mapping
from typing import Any

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.features import classes, is_category, kept_categories, options
from services.specs.resolve.findings import Findings
from services.specs.schema.job import JobSpec

NAMED = 5  #: so many weights are named, the others counted
POINTER = "#/init_from"
LOOSE = 'say "strict": false to take the weights that fit and start the others new'

#: The shape of every weight of a net by name; None where only the worker can tell.
Shapes = Mapping[str, tuple[int, ...]]


def compare(
    spec: JobSpec,
    info: TableInfo,
    own: Shapes | None,
    of: JobSpec,
    of_info: TableInfo,
    given: Shapes | None,
    found: Findings,
) -> list[str]:
    """Note what of the source's weights does not go with a resolved spec; return the weights that start new.

    `of`, `of_info` and `given` are the source's spec, columns and weights. Shapes alone would not do: a net whose
    inputs or classes come in another order has the same ones.
    """
    strict = spec.init_from is None or spec.init_from.strict
    for why in _meanings(spec, info, of, of_info):
        if strict:
            found.faults.append(Fault(POINTER, "mismatch", why, hint=LOOSE))
        else:
            found.warn("weights_mean_other", f"The weights were learnt elsewhere: {why}.", POINTER)
    if own is None or given is None:
        return []
    new = [name for name, shape in own.items() if given.get(name) != shape]
    spare = [name for name in given if name not in own]
    if strict and (new or spare):
        detail = f"does not fit this model: {_described(new or spare, own, given)}"
        found.faults.append(Fault(POINTER, "shape_mismatch", detail, hint=LOOSE))
    elif len(new) == len(own):
        found.faults.append(Fault(POINTER, "shape_mismatch", "has no weights that fit this model"))
    elif new:
        found.warn("weights_started_new", f"These weights start new: {_described(new, own, given)}.", POINTER)
    return new


def _meanings(spec: JobSpec, info: TableInfo, of: JobSpec, of_info: TableInfo) -> list[str]:
    """Return in what inputs or outputs mean something else."""
    if spec.task != of.task:
        return [f"its task is {of.task}, not {spec.task}"]
    parts = []
    here, there = _inputs(spec, info), _inputs(of, of_info)
    if list(here) != list(there):
        parts.append(f"its features are {_words(there)}, these are {_words(here)}")
    else:
        parts += [
            f"feature {name!r} was {there[name]} there and is {here[name]} here"
            for name in here
            if here[name] != there[name]
        ]
    answers, asked = _outputs(of, of_info), _outputs(spec, info)
    if answers != asked:
        parts.append(f"its answers are {_words(answers)}, these are {_words(asked)}")
    return parts


def _inputs(spec: JobSpec, info: TableInfo) -> dict[str, str]:
    """Return what each feature column is to the net, in order."""
    found = {}
    for name in spec.data.inputs:
        column, chosen = info.column(name), options(spec, name)
        kind: str = column.type
        if is_category(column, chosen):
            known = column.values or []
            kept = kept_categories(column, chosen)
            kind = f"one of {_words([known[n] for n in kept])}" + (" or another" if len(kept) < len(known) else "")
        found[name] = kind + (", may be missing" if column.missing else "")
    return found


def _outputs(spec: JobSpec, info: TableInfo) -> list[Any]:
    """Return what the net answers, in order: classes, or targets where they are several."""
    if spec.task in {"binary", "multiclass"}:
        return classes(info.column(spec.data.targets[0]))
    return spec.data.targets if len(spec.data.targets) > 1 else []


def _described(names: list[str], own: Shapes, given: Shapes) -> str:
    parts = [f"{name} is {_size(given, name)} there and {_size(own, name)} here" for name in names[:NAMED]]
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    return "; ".join(parts + more)


def _size(shapes: Shapes, name: str) -> str:
    return "absent" if name not in shapes else " x ".join(map(str, shapes[name])) or "a number"


def _words(values: Any) -> str:
    words = [str(value)[:40] for value in values]
    return ", ".join(words[:NAMED]) + (f" and {len(words) - NAMED} more" if len(words) > NAMED else "")
