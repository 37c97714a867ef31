"""Turns a submitted spec into a resolved one: every `auto` decided, and every fault that it has."""

from dataclasses import replace
from typing import Any

from services.columns import TableInfo
from services.errors import Fault
from services.specs.resolve.certain_failures import check_certain
from services.specs.resolve.column_choice import with_columns
from services.specs.resolve.embedding_faults import embedding_faults
from services.specs.resolve.estimate import estimate
from services.specs.resolve.facts import Facts, Limits, StartingWeights
from services.specs.resolve.findings import Findings
from services.specs.resolve.item_faults import item_faults, of_items
from services.specs.resolve.memory_check import check_memory
from services.specs.resolve.process_faults import process_faults
from services.specs.resolve.resolved import Resolved
from services.specs.resolve.source_faults import plugin_faults
from services.specs.resolve.split_choice import with_split
from services.specs.resolve.tasks import with_task
from services.specs.resolve.training_choice import with_training
from services.specs.resolve.weight_match import Net, compare
from services.specs.schema.data import INLINE
from services.specs.schema.job import JobSpec
from services.specs.schema.models import Plugin

LARGE_CHECKPOINTS = 2**30  #: bytes of all that a job keeps that are worth a warning


def resolve(spec: JobSpec, facts: Facts) -> Resolved:
    """Return the spec with every choice made. Resolving it again changes nothing.

    Nothing is looked up, so that the same spec and facts give the same answer (but for a seed that is drawn).
    Raises: InvalidRequest with every fault that spec and facts show together.
    """
    found = Findings(list(facts.faults))
    found.faults += _limit_faults(spec, facts.limits)
    if facts.info is None:
        found.check()
        raise AssertionError("data that can't be read is a fault")
    spec = _decided(spec, facts.info, facts, found)
    summary = facts.models.measure(spec, facts.info)
    found.faults += _size_faults(summary, facts.limits)
    check_certain(spec, facts.info, summary, found)
    found.faults += process_faults(spec, facts.info, summary, facts.processes)
    takes = estimate(spec, facts.info, summary, facts.seconds_per_work)
    check_memory(spec, summary, takes, facts.memory, found)
    resolved = Resolved(spec, found.warnings, summary, takes)
    if facts.start:
        resolved = _started(resolved, facts.info, facts.start, facts, found)
    found.check()
    _warn_of_size(resolved.estimate, found)
    return resolved


def _decided(spec: JobSpec, info: TableInfo, facts: Facts, found: Findings) -> JobSpec:
    """Return the spec with every `auto` decided: columns, then task, then rows, each from what was decided before."""
    if spec.data.plugin is not None:
        found.faults += item_faults(spec, info)
        found.check()
        spec = spec.model_copy(update={"data": of_items(spec.data, info)})
    spec = with_columns(spec, info, facts.suggested_target, found)
    found.check()  # what follows needs columns that are there
    found.faults += embedding_faults(spec, info)
    spec = with_task(spec, info, found)
    found.check()
    spec = with_split(spec, info, found)
    found.check()
    spec = with_training(spec, info, facts.cuda_online, found)
    found.check()
    data: dict[str, Any] = {**dict.fromkeys(INLINE), "dataset": facts.dataset}
    return spec.model_copy(update={"data": spec.data.model_copy(update=data)})


def _limit_faults(spec: JobSpec, limits: Limits) -> list[Fault]:
    faults = []
    if spec.epochs > limits.epochs:
        faults.append(Fault("#/epochs", "out_of_range", f"is {spec.epochs}; must be at most {limits.epochs}"))
    if isinstance(spec.model, Plugin):
        faults += plugin_faults("#/model/name", spec.model.name, limits.plugins)
    return faults


def _size_faults(summary: dict[str, Any], limits: Limits) -> list[Fault]:
    if summary["parameters"] <= limits.parameters:
        return []
    detail = f"makes {summary['parameters']} parameters; must be at most {limits.parameters}"
    return [Fault("#/model", "out_of_range", detail)]


def _started(resolved: Resolved, info: TableInfo, start: StartingWeights, facts: Facts, found: Findings) -> Resolved:
    """Return the resolved spec that names its starting weights by ids, and the weights that start new all the same."""
    shapes = facts.models.shapes
    here = Net(resolved.spec, info, shapes(resolved.spec, info))
    there = Net(start.spec, start.info, shapes(start.spec, start.info))
    started_new = compare(here, there, found)
    return replace(
        resolved, spec=resolved.spec.model_copy(update={"init_from": start.init_from}), started_new=started_new
    )


def _warn_of_size(takes: dict[str, Any], found: Findings) -> None:
    if takes["checkpoint_bytes"] > LARGE_CHECKPOINTS:
        message = f"The kept checkpoints may take {takes['checkpoint_bytes'] / 2**30:.1f} GiB of the database."
        found.warn("checkpoints_large", message, "#/checkpoint")
