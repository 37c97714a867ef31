"""Turns what pydantic finds wrong into faults that say where, what and what instead, one for each place."""

import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError

from services.errors import Fault, InvalidRequest
from services.specs.parse.expectation import branches_of, describe, node_at

#: pydantic's error types by the code that we give them; others are wrong_type.
CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_key",
    "literal_error": "unknown_value",
    "union_tag_invalid": "unknown_value",
    "union_tag_not_found": "missing",
    "finite_number": "non_finite_number",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "too_short": "too_short",
    "too_long": "too_long",
    "string_too_long": "too_long",
    "string_pattern_mismatch": "invalid_name",
    "value_error": "invalid",
}
#: Of several errors at one place, the code that says most.
WEIGHT = (
    "non_finite_number",
    "unknown_key",
    "missing",
    "invalid",
    "invalid_name",
    "too_long",
    "out_of_range",
    "wrong_type",
)

#: What other libraries call what we have: not always the word that looks alike.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "acc": ("accuracy",),
    "mae": ("l1",),
    "mean_squared_error": ("mse",),
    "crossentropy": ("cross_entropy",),
    "categorical_crossentropy": ("cross_entropy",),
    "binary_crossentropy": ("bce_with_logits",),
    "gpu": ("cuda",),
    "learning_rate": ("lr",),
    "val_loss": ("val_cost",),
    "train_loss": ("train_cost",),
    "num_epochs": ("epochs",),
    "max_epochs": ("epochs",),
    "n_epochs": ("epochs",),
    "random_state": ("seed",),
    "hidden_sizes": ("hidden",),
    "hidden_layer_sizes": ("hidden",),
    "validation_split": ("split",),
    "target_column": ("target",),
    "label": ("target",),
}

MANY_KEYS = 1_000  #: an object of more keys is looked at before pydantic, which makes an error of each

Path = tuple[str | int, ...]


def faults_of(error: ValidationError, data: Any, model: type[BaseModel]) -> list[Fault]:
    """Return one fault for each place of `data` where `model` does not accept it."""
    schema = model.model_json_schema()
    places: dict[Path, list[Any]] = {}
    for found in error.errors(include_url=False, include_input=False):
        places.setdefault(path_of(found["loc"], data, found["type"]), []).append(found)
    # A branch of a union that failed deeper down says more than the branches that failed at its top.
    tops = {path[:n] for path in places for n in range(1, len(path))}
    kept = {path: errors for path, errors in places.items() if path not in tops or not _is_union(errors)}
    # Only the first are shown; the others are counted, so looking for what was meant would be wasted on them.
    shown = InvalidRequest.SHOWN
    return [_fault(*place, data, schema) if n < shown else _counted(*place) for n, place in enumerate(kept.items())]


def many_unknown_keys(data: Any, model: type[BaseModel]) -> list[Fault]:
    """Return the faults of objects that have very many keys, hardly one of them known; each is counted."""
    schema = model.model_json_schema()
    for path, value in _large_objects(data, ()):
        node = node_at(schema, data, path)
        known = node.get("properties", {})
        unknown = [key for key in value if key not in known]
        if known and len(unknown) > MANY_KEYS:
            shown = unknown[: InvalidRequest.SHOWN]
            faults = [_unknown_key((*path, key), sorted(known)) for key in shown]
            return faults + faults[-1:] * (len(unknown) - len(shown))
    return []


def _large_objects(data: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(data, dict):
        if len(data) > MANY_KEYS:
            yield path, data
        for key, value in data.items():
            if isinstance(value, dict):
                yield from _large_objects(value, (*path, key))


def _unknown_key(path: Path, known: list[Any], hint: str | None = None) -> Fault:
    near = closest(path[-1], known)
    detail = "is not a known key" + (f"; did you mean {near!r}?" if near else "")
    hint = None if near else hint
    return Fault(pointer_of(path), "unknown_key", detail, suggestion=near, allowed=known or None, hint=hint)


def _elsewhere(schema: dict[str, Any], path: Path) -> str | None:
    """Return a hint that names the part of a spec which takes a key that stands beside it."""
    key = path[-1]
    names = [str(key), *SYNONYMS.get(str(key).casefold(), ())]
    for part, node in schema.get("properties", {}).items() if len(path) == 1 else ():
        for name in names:
            if any(name in branch.get("properties", {}) for branch in branches_of(node, schema)):
                return f'it belongs inside {part}: {{"{part}": {{"{name}": ...}}}}'
    return None


def _counted(path: Path, errors: list[Any]) -> Fault:
    return Fault(pointer_of(path), CODES.get(errors[0]["type"], "wrong_type"), "is not accepted")


def pointer_of(path: Sequence[str | int]) -> str:
    """Return the JSON pointer of a path, as a fragment.

    Source: RFC 6901, sections 3 and 6.
    """
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def closest(word: Any, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant, if one is near, or has another name elsewhere."""
    choices = {choice.casefold(): choice for choice in reversed(list(words))}
    for known in SYNONYMS.get(str(word)[:100].casefold(), ()):
        if known in choices:
            return choices[known]
    near = difflib.get_close_matches(str(word)[:100].casefold(), choices, n=1, cutoff=0.6)
    return choices[near[0]] if near else None


def short(value: Any) -> Any:
    """Return a value if it is short enough to be shown, else None."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return None
    return value if value is None or isinstance(value, bool | int | float) or len(str(value)) <= 80 else None


def path_of(loc: tuple[str | int, ...], data: Any, kind: str) -> Path:
    """Leave out of pydantic's location what names a branch of a union rather than a place in the data."""
    path: list[str | int] = []
    for n, part in enumerate(loc):
        # What pydantic calls a faulty key itself. A key may have that name, too.
        is_mark = part == "[key]" and n == len(loc) - 1 and kind != "extra_forbidden"
        if not is_mark and _holds(data, part):
            data = data[part]
        elif not (kind == "missing" and n == len(loc) - 1):
            continue
        path.append(part)
    return tuple(path)


def _holds(data: Any, part: str | int) -> bool:
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


def _is_union(errors: list[Any]) -> bool:
    return all(CODES.get(found["type"], "wrong_type") in {"wrong_type", "unknown_value"} for found in errors)


def _fault(path: Path, errors: list[Any], data: Any, schema: dict[str, Any]) -> Fault:
    codes = [CODES.get(found["type"], "wrong_type") for found in errors]
    code = next((heavy for heavy in WEIGHT if heavy in codes), codes[0])
    first = errors[codes.index(code)]
    value = _value(data, path)
    pointer = pointer_of(path)
    if code == "unknown_key":
        known = sorted(node_at(schema, data, path[:-1]).get("properties", {}))
        return _unknown_key(path, known, _elsewhere(schema, path))
    if code == "missing":
        if first["type"] == "union_tag_not_found":
            return _no_type(pointer, value, _choices(schema, data, path))
        return Fault(pointer, code, "is missing")
    if code == "invalid":
        return Fault(pointer, code, str(first["ctx"]["error"]), value=short(value))
    if code == "non_finite_number":
        return Fault(pointer, code, "is not a finite number", value=short(value))
    if first["type"] == "union_tag_invalid":
        named = value.get("type") if isinstance(value, dict) else value
        where = f"{pointer}/type" if isinstance(value, dict) else pointer
        return _unknown_value(where, named, _choices(schema, data, path))
    expected = node_at(schema, data, path)
    choices = _choices(schema, data, path)
    number = _quoted(value, expected, schema)
    if number is not None:
        detail = f"is the text {value!r}; must be {describe(expected, schema)}"
        return Fault(pointer, "wrong_type", detail, value, number, hint=f"write it without quotes: {number}")
    if isinstance(value, str) and choices and set(codes) <= {"unknown_value", "wrong_type"}:
        return _unknown_value(pointer, value, choices, describe(expected, schema))
    if first["type"] in {"too_short", "too_long"}:
        bound = "at least {min_length}" if first["type"] == "too_short" else "at most {max_length}"
        return Fault(pointer, code, f"has {len(value)} entries; must have {bound.format(**first['ctx'])}")
    shown = short(value)
    seen = f"is {shown!r}" if shown is not None else f"is {_kind(value)}"
    return Fault(pointer, code, f"{seen}; must be {describe(expected, schema)}", value=shown)


def _quoted(value: Any, expected: dict[str, Any], schema: dict[str, Any]) -> int | float | None:
    """Return the number that a text says where a number belongs."""
    free = [branch for branch in branches_of(expected, schema) if not {"const", "enum"} & set(branch)]
    kinds = {branch.get("type") for branch in free}
    if not isinstance(value, str) or "string" in kinds or not kinds & {"integer", "number"}:
        return None
    for read in (int, float):
        with suppress(ValueError):
            number = short(read(value[:40]))
            return number if isinstance(number, int | float) and ("number" in kinds or read is int) else None
    return None


def _no_type(pointer: str, value: Any, choices: list[Any]) -> Fault:
    typo = next((key for key in value or {} if closest(key, ["type"])), None)
    if typo is not None:
        return Fault(f"{pointer}/{typo}", "unknown_key", "is not a known key", suggestion="type", allowed=["type"])
    return Fault(f"{pointer}/type", "missing", "is missing", allowed=choices)


def _unknown_value(pointer: str, value: Any, choices: list[Any], expected: str | None = None) -> Fault:
    near = closest(value, [choice for choice in choices if isinstance(choice, str)])
    detail = f"is {short(value)!r}, which is not known here" + (f"; must be {expected}" if expected else "")
    detail += f"; did you mean {near!r}?" if near else ""
    return Fault(pointer, "unknown_value", detail, short(value), near, choices)


def _choices(schema: dict[str, Any], data: Any, path: Path) -> list[Any]:
    """Return the words that a place takes: names of types, or constants."""
    node = node_at(schema, data, path, enter=False)
    if "discriminator" in node:
        return sorted(node["discriminator"]["mapping"])
    branches = node.get("anyOf", [node])
    return [word for branch in branches for word in branch.get("enum", [branch["const"]] if "const" in branch else [])]


def _value(data: Any, path: Path) -> Any:
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part]
    return data


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", type(None): "null"}
    return kinds.get(type(value), "a number")
