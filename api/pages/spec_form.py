"""The fields of the form of a new job, and the spec that they and the JSON beside them come to."""

from typing import Any

import orjson

from services.errors import Fault, InvalidRequest

DEFAULTS = {"model": "mlp", "hidden": "128, 128", "epochs": "200", "lr": "0.001", "device": "auto"}
#: What is below "More": empty leaves the choice to the service.
MORE = ("name", "optimizer", "loss", "batch_size", "validation", "patience", "seed")
NAMES = (*DEFAULTS, "target", *MORE)
#: Which field of the form a pointer of a fault belongs to; the first that fits.
POINTERS = {
    "#/data/target": "target",
    "#/model/hidden": "hidden",
    "#/model": "model",
    "#/epochs": "epochs",
    "#/optimizer/lr": "lr",
    "#/optimizer": "optimizer",
    "#/device": "device",
    "#/name": "name",
    "#/loss": "loss",
    "#/batch_size": "batch_size",
    "#/split": "validation",
    "#/early_stopping": "patience",
    "#/seed": "seed",
}
HINT = 'e.g. {"seed": 1}'


def field_of(pointer: str) -> str:
    """Return the field that a fault is at."""
    return next((field for start, field in POINTERS.items() if pointer.startswith(start)), "spec")


def spec_of(form: Any) -> dict[str, Any]:
    """Return what a form asks for: its JSON if that was edited last, otherwise the JSON changed by the fields.

    Raises: InvalidRequest when a field is not a number, or the JSON is not valid.
    """
    base = _json(form.get("spec", ""))
    if form.get("edited") == "json":
        return base
    reader = _Numbers()
    spec = dict(base)
    data = _whole(spec.get("data"))
    for name in ("dataset", "builtin"):
        if form.get(name):
            data = {key: value for key, value in data.items() if key not in {"dataset", "builtin"}}
            data[name] = form[name]
    if form.get("target") and "dataset" in data:
        data["target"] = form["target"]
    spec["data"] = data
    spec["model"] = _model(spec.get("model"), form, reader)
    _set(spec, "name", form.get("name", "").strip())
    _set(spec, "epochs", reader.read("#/epochs", form.get("epochs", ""), int))
    _set(spec, "seed", reader.read("#/seed", form.get("seed", ""), int))
    _set(spec, "batch_size", reader.read("#/batch_size", form.get("batch_size", ""), int))
    _set(spec, "optimizer", _optimizer(spec.get("optimizer"), form, reader))
    _set(spec, "loss", _typed(spec.get("loss"), form.get("loss", "")))
    _set(spec, "device", "" if form.get("device") == "auto" else form.get("device", ""))
    share = reader.read("#/split/validation", form.get("validation", ""), float)
    _set(spec, "split", _part(spec.get("split"), "validation", share, {"type": "random"}))
    patience = reader.read("#/early_stopping/patience", form.get("patience", ""), int)
    if spec.get("early_stopping") is not False or patience is not None:
        _set(spec, "early_stopping", _part(spec.get("early_stopping"), "patience", patience, {}))
    if reader.faults:
        raise InvalidRequest(reader.faults)
    return spec


def fields_of(spec: dict[str, Any]) -> dict[str, str]:
    """Return what the fields show of a spec; what it does not say is empty."""
    data, model = _whole(spec.get("data")), _of_type(spec.get("model"))
    optimizer, loss = _of_type(spec.get("optimizer")), _of_type(spec.get("loss"))
    hidden, target = model.get("hidden", ""), data.get("target", "")
    stopping = _whole(spec.get("early_stopping"))
    values = {
        "model": model.get("type", ""),
        "hidden": ", ".join(map(str, hidden)) if isinstance(hidden, list) else hidden,
        "epochs": spec.get("epochs", ""),
        "lr": optimizer.get("lr", ""),
        "device": spec.get("device", "auto"),
        "target": target if isinstance(target, str) else "",
        "name": spec.get("name", ""),
        "optimizer": optimizer.get("type", ""),
        "loss": loss.get("type", ""),
        "batch_size": spec.get("batch_size", ""),
        "validation": _whole(spec.get("split")).get("validation", ""),
        "patience": stopping.get("patience", ""),
        "seed": spec.get("seed", ""),
    }
    return {name: "" if value is None or value == "auto" else str(value) for name, value in values.items()} | {
        "device": str(values["device"])
    }


class _Numbers:
    """Reads numbers, and collects the faults of those that are none."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def read(self, pointer: str, text: str, kind: type) -> Any:
        """Return a number; None if nothing is said, or if it is no number."""
        if not (text := text.strip()):
            return None
        try:
            return kind(text)
        except ValueError:
            self.faults.append(Fault(pointer, "wrong_type", f"{text[:40]!r} is not a {'whole ' * (kind is int)}number"))
            return None


def _json(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        where = f"at line {error.lineno}, column {error.colno}: {error.msg.partition(':')[0]}"
        raise InvalidRequest([Fault("#", "malformed_json", f"is not valid JSON {where}", hint=HINT)]) from error
    if not isinstance(found, dict):
        raise InvalidRequest([Fault("#", "wrong_type", "is not a JSON object", hint=HINT)])
    return found


def _model(known: Any, form: Any, reader: _Numbers) -> dict[str, Any]:
    wanted = form.get("model") or _of_type(known).get("type") or "mlp"
    model = _typed(known, wanted)
    if wanted == "mlp":
        widths = form.get("hidden", "").replace(",", " ").split()
        read = [reader.read("#/model/hidden", width, int) for width in widths]
        model = {key: value for key, value in model.items() if key != "hidden"} | ({"hidden": read} if read else {})
    return model


def _optimizer(known: Any, form: Any, reader: _Numbers) -> dict[str, Any]:
    rate = reader.read("#/optimizer/lr", form.get("lr", ""), float)
    kind = form.get("optimizer", "") or ("adamw" if rate is not None else "")
    found = _typed(known, kind)
    return {key: value for key, value in found.items() if key != "lr"} | ({"lr": rate} if rate is not None else {})


def _typed(known: Any, kind: str) -> dict[str, Any]:
    """Return a part of this type, with what is known of it if the type is the same."""
    if not kind:
        return {}
    known = _of_type(known)
    return known if known.get("type") == kind else {"type": kind}


def _part(known: Any, name: str, value: Any, fresh: dict[str, Any]) -> dict[str, Any]:
    kept = {key: inner for key, inner in _whole(known).items() if key != name}
    return kept if value is None else (kept or fresh) | {name: value}


def _set(spec: dict[str, Any], name: str, value: Any) -> None:
    if value in (None, "", {}):
        spec.pop(name, None)
    else:
        spec[name] = value


def _of_type(value: Any) -> dict[str, Any]:
    return {"type": value} if isinstance(value, str) else _whole(value)


def _whole(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
