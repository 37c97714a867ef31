"""What a spec may not ask of a plug-in's items, which are taken as they come and are not read beforehand."""

from typing import Any

from services.columns import TableInfo
from services.errors import Fault
from services.specs.schema.data import Data, NoSplit, RandomSplit
from services.specs.schema.job import JobSpec

AS_THEY_ARE = "is for tables: a plug-in's features and targets reach the model as they are; leave it out"
NOT_COUNTED = "needs to know how many items each class has, and a plug-in's items are not read beforehand"


def of_items(data: Data, info: TableInfo) -> Data:
    """Return a plug-in's data with every choice made: there is but one."""
    features, *targets = info.names
    target = targets[0] if len(targets) == 1 else targets
    same = {"features": [features], "target": target, "scale": "none", "target_scale": "none"}
    return data.model_copy(update=same)


def item_faults(spec: JobSpec, info: TableInfo) -> list[Fault]:
    """Return what in a spec goes with tables only."""
    taken = of_items(spec.data, info)
    open_: dict[str, tuple[Any, ...]] = {
        "target": (None, taken.target),
        "features": ("auto", taken.features),
        "weight": (None,),
        "columns": ({},),
        "scale": ("auto", "none"),
        "target_scale": ("auto", "none"),
    }
    given = {name: getattr(spec.data, name) for name in open_}
    faults = [Fault(f"#/data/{name}", "invalid", AS_THEY_ARE) for name in open_ if given[name] not in open_[name]]
    if not isinstance(spec.split, RandomSplit | NoSplit):
        detail = f"{spec.split.type!r} uses a column; a plug-in's items are split at random or not at all"
        faults.append(Fault("#/split", "invalid", detail, spec.split.type, allowed=["random", "none"]))
    elif isinstance(spec.split, RandomSplit) and spec.split.stratify is True:
        faults.append(Fault("#/split/stratify", "invalid", NOT_COUNTED))
    for name in ("class_weight", "pos_weight"):
        if getattr(spec.loss, name, None) == "balanced":
            faults.append(Fault(f"#/loss/{name}", "invalid", NOT_COUNTED, "balanced", hint="give the weights"))
    return faults
