"""Whether the weights of another job go together with a spec that begins with them."""

from dataclasses import dataclass
from typing import Any

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.facts import Shapes
from services.specs.resolve.features import classes, is_category, kept_categories, options
from services.specs.resolve.findings import Findings
from services.specs.schema.job import JobSpec

NAMED = 5  #: so many weights are named, the others counted
POINTER = "#/init_from"
LOOSE = 'set "strict": false to use the weights that fit and initialise the others'


@dataclass(frozen=True)
class Net:
    """A resolved spec with its columns and the shapes of its weights."""

    spec: JobSpec
    info: TableInfo
    shapes: Shapes | None  #: None where only the worker can tell


def compare(here: Net, there: Net, found: Findings) -> list[str]:
    """Note what of another job's weights does not go with a resolved spec; return the weights that start new.

    Shapes alone would not do: a net whose inputs or classes come in another order has the same ones.
    """
    strict = here.spec.init_from is None or here.spec.init_from.strict
    for why in _meanings(here, there):
        if strict:
            found.faults.append(Fault(POINTER, "mismatch", why, hint=LOOSE))
        else:
            found.warn("weights_mean_other", f"The weights were learnt under other conditions: {why}.", POINTER)
    own, given = here.shapes, there.shapes
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
        found.warn(
            "weights_started_new", f"These weights are newly initialised: {_described(new, own, given)}.", POINTER
        )
    return new


def _meanings(net: Net, source: Net) -> list[str]:
    """Return in what inputs or outputs mean something else."""
    if net.spec.task != source.spec.task:
        return [f"its task is {source.spec.task}, not {net.spec.task}"]
    parts = []
    here, there = _inputs(net.spec, net.info), _inputs(source.spec, source.info)
    if list(here) != list(there):
        parts.append(f"its features are {_words(there)}, these are {_words(here)}")
    else:
        parts += [
            f"feature {name!r} was {there[name]} there and is {here[name]} here"
            for name in here
            if here[name] != there[name]
        ]
    answers, asked = _outputs(source.spec, source.info), _outputs(net.spec, net.info)
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
