"""Everything a spec can name, taken from the models that check it: one source for forms, docs and the command line."""

from typing import Any, Literal, get_args

from pydantic import BaseModel, TypeAdapter

from services.specs.schema.data import Builtin, Scale, Split
from services.specs.schema.layers import Layer
from services.specs.schema.losses import Loss
from services.specs.schema.metrics import DOCS, Metric
from services.specs.schema.models import Model
from services.specs.schema.optimizers import Optimizer
from services.specs.schema.schedulers import Scheduler

#: JSON Schema's names of what bounds a parameter, and ours.
BOUNDS = {
    "minimum": "minimum",
    "exclusiveMinimum": "exclusive_minimum",
    "maximum": "maximum",
    "exclusiveMaximum": "exclusive_maximum",
    "enum": "choices",
    "items": "items",
}
UNIONS: dict[str, Any] = {
    "models": Model,
    "layers": Layer,
    "losses": Loss,
    "optimizers": Optimizer,
    "schedulers": Scheduler,
    "splits": Split,
}
WORDS: dict[str, Any] = {"metrics": Metric, "scales": Scale, "builtin": Builtin}


def catalog() -> dict[str, Any]:
    """Return what a spec can name, by kind."""
    found: dict[str, Any] = {kind: [_entry(branch) for branch in _branches(union)] for kind, union in UNIONS.items()}
    return found | {kind: [_word(word) for word in get_args(words)] for kind, words in WORDS.items()}


def _word(word: Any) -> dict[str, Any]:
    return {"type": word, "doc": DOCS[word]} if word in DOCS else {"type": word}


def _branches(union: Any) -> list[type[BaseModel]]:
    return list(get_args(get_args(union)[0]))


def _entry(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "type": model.model_fields["type"].default,
        "title": model.__name__,
        "doc": (model.__doc__ or "").strip(),
        "parameters": [_parameter(model, name) for name in model.model_fields if name != "type"],
    }


def _parameter(model: type[BaseModel], name: str) -> dict[str, Any]:
    field = model.model_fields[name]
    whole = TypeAdapter(model).json_schema()
    schema = whole.get("$defs", {}).get(model.__name__, whole)["properties"][name]
    entry: dict[str, Any] = {"name": name, "type": _kind(schema)}
    if field.is_required():
        entry["required"] = True
    else:
        entry["default"] = field.get_default()
    entry |= {ours: schema[theirs] for theirs, ours in BOUNDS.items() if theirs in schema}
    if "discriminator" in entry.get("items", {}):  # entries of this catalog themselves
        del entry["items"]
    return {**entry, "doc": field.description or ""}


def _kind(schema: dict[str, Any]) -> Literal["number"] | str:
    kinds = [branch.get("type", "string") for branch in schema.get("anyOf", [schema])]
    return " or ".join(dict.fromkeys(kinds))
