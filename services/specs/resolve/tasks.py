"""Which task a spec means, and what contradicts it."""

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.features import classes
from services.specs.resolve.findings import Findings
from services.specs.schema.job import JobSpec
from services.specs.schema.losses import LOSS_OF, TASKS

GUESS_VALUES = 20  #: at most so many whole numbers,
LARGEST_EXACT = 2**24  #: whole numbers beyond it may be rounded in the table
GUESS_ROWS = 5  #: each at least so often, are taken as classes


def with_task(spec: JobSpec, info: TableInfo, found: Findings) -> JobSpec:
    """Return the spec with its task, its loss and the scale of its targets decided."""
    task, guessed = task_of(spec, info)
    found.faults += contradictions(spec, task, info)
    if guessed:
        column = info.column(spec.data.targets[0])
        count = len(column.values or [])
        message = f"{column.name!r} has {count} whole numbers, which are taken as classes. Set task to be sure."
        found.warn("task_guessed", message, "#/task")
    loss = LOSS_OF[task]() if spec.loss == "auto" else spec.loss
    scale = spec.data.target_scale
    unscaled = "classes" if task != "regression" else "counts" if loss.type == "poisson_nll" else None
    if unscaled:
        if scale not in {"auto", "none"}:
            found.faults.append(Fault("#/data/target_scale", "invalid", f"{unscaled} are not scaled; leave it out"))
        scale = "none"
    elif scale == "auto":
        scale = "standard"
    data = spec.data.model_copy(update={"target_scale": scale})
    return spec.model_copy(update={"task": task, "loss": loss, "data": data})


def task_of(spec: JobSpec, info: TableInfo) -> tuple[str, bool]:
    """Return the task and whether it was guessed: the spec's word, else the loss's, else by the target column."""
    if spec.task != "auto":
        return spec.task, False
    if spec.loss != "auto":
        of = TASKS[spec.loss.type]
        return of[-1] if len(spec.data.targets) > 1 else of[0], False
    if len(spec.data.targets) > 1:
        boolean = all(info.column(name).type == "boolean" for name in spec.data.targets)
        return "multilabel" if boolean else "regression", False
    column = info.column(spec.data.targets[0])
    two_or_more = "binary" if len(classes(column)) == 2 else "multiclass"
    if column.coded:
        return two_or_more, False
    counts = column.counts or []
    if column.whole and 2 <= len(counts) <= GUESS_VALUES and min(counts) >= GUESS_ROWS:
        return two_or_more, True
    return "regression", False


def contradictions(spec: JobSpec, task: str, info: TableInfo) -> list[Fault]:
    """Return what in the spec or the target column does not go with the task."""
    faults = []
    if spec.loss != "auto" and task not in TASKS[spec.loss.type]:
        allowed = [loss for loss, of in TASKS.items() if task in of]
        detail = f"{spec.loss.type!r} is a loss for a {TASKS[spec.loss.type][0]} task, not for {task}"
        faults.append(Fault("#/loss", "invalid", detail, value=spec.loss.type, allowed=list(allowed)))
    for name in spec.data.targets:
        column = info.column(name)
        found = len(classes(column))
        if column.type == "datetime":
            detail = f"column {name!r} holds dates or times, which can't be targets"
            hint = f"if each is the name of a class, upload the file again with ?columns[{name}]=category"
            faults.append(Fault("#/data/target", "wrong_type", detail, hint=hint))
        elif task == "regression":
            if column.coded:
                faults.append(Fault("#/data/target", "wrong_type", f"column {name!r} does not hold numbers"))
            elif spec.loss != "auto" and spec.loss.type == "poisson_nll" and (column.min or 0.0) < 0:
                detail = f"column {name!r} has negative values; poisson_nll is for counts"
                faults.append(Fault("#/loss", "invalid", detail, value="poisson_nll"))
        elif task == "multilabel":
            if column.type != "boolean" and column.values not in ([0, 1], [0], [1]):
                detail = f"column {name!r} is not a label: it may hold true and false, or 0 and 1"
                faults.append(Fault("#/data/target", "wrong_type", detail))
        elif len(spec.data.targets) > 1:
            return [*faults, Fault("#/data/target", "invalid", f"a {task} task has one target column")]
        elif column.values is None and spec.data.plugin is not None:
            detail = "is for classes; the plug-in's targets are numbers: it would need an attribute `classes`"
            faults.append(Fault("#/task" if spec.loss == "auto" else "#/loss", "invalid", detail))
        elif column.values is None:
            detail, hint = f"column {name!r} has too many different values to be classes", None
            if max(-(column.min or 0.0), column.max or 0.0) > LARGEST_EXACT:
                detail = f"column {name!r} has numbers so large that they can't be told apart"
                hint = f"upload the file again with ?columns[{name}]=category, or write them as text"
            faults.append(Fault("#/data/target", "too_many_values", detail, hint=hint))
        elif found < 2:
            detail = f"column {name!r} has only one class: there is nothing to learn"
            faults.append(Fault("#/data/target", "one_class", detail))
        elif task == "binary" and found != 2:
            faults.append(Fault("#/data/target", "invalid", f"column {name!r} has {found} classes; binary needs two"))
    return faults
