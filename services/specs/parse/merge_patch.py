"""JSON merge patches, and what differs between two specs."""

from typing import Any

from services.specs.parse.faults import pointer_of


def merged(target: Any, patch: Any) -> Any:
    """Return what a merge patch makes of a value; null takes a member away.

    Source: RFC 7396, section 2.
    """
    if not isinstance(patch, dict):
        return patch
    kept = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = merged(kept.get(name), value)
    return kept


def differences(old: Any, new: Any, path: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return each place where two values differ, as `{pointer, from, to}`; lists are compared whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted({*old, *new})
        return [found for name in names for found in differences(old.get(name), new.get(name), (*path, name))]
    return [] if old == new else [{"pointer": pointer_of(path), "from": old, "to": new}]
