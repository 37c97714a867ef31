"""The bodies of `infer`: JSON, behind it the bytes of the tensors that are sent as binary data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from services.errors import Fault, InvalidRequest, MalformedJSON
from services.predictions.protocol.tensors import BYTES, Tensor, checked_shape, from_bytes, from_json, refused, to_bytes

MOST_INPUTS = 10_000


@dataclass(frozen=True)
class Asked:
    """What a request asks for."""

    id: str | None
    inputs: list[Tensor]
    outputs: dict[str, bool] | None  #: by name, whether as binary data; None: all of them
    binary: bool  #: those that say nothing come as binary data


def read(body: bytes, json_bytes: int | None) -> Asked:
    """Return what a body asks for; its first `json_bytes` are JSON, the rest are tensors. None: all is JSON.

    Raises: MalformedJSON; InvalidRequest.
    """
    if json_bytes is not None and not 0 <= json_bytes <= len(body):
        detail = f"says {json_bytes} bytes of JSON; the body has {len(body)}"
        raise InvalidRequest([Fault("#/headers/Inference-Header-Content-Length", "out_of_range", detail)])
    head, rest = (body, b"") if json_bytes is None else (body[:json_bytes], body[json_bytes:])
    try:
        found = orjson.loads(head)
    except orjson.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        detail = f"this is not JSON (line {error.lineno}, column {error.colno})"
        raise MalformedJSON(detail, **place) from None
    if not isinstance(found, dict) or not isinstance(found.get("inputs"), list):
        raise InvalidRequest([Fault("#/inputs", "missing", "must be a list of tensors")])
    if len(found["inputs"]) > MOST_INPUTS:
        raise InvalidRequest([Fault("#/inputs", "too_long", f"has more than {MOST_INPUTS} tensors")])
    tensors, at = [], 0
    for entry in found["inputs"]:
        tensor, at = _tensor(entry, rest, at)
        tensors.append(tensor)
    if at != len(rest):
        detail = f"the inputs' binary_data_size add up to {at}, but {len(rest)} bytes follow the JSON"
        raise InvalidRequest([Fault("#/inputs", "shape_mismatch", detail)])
    name = found.get("id")
    if name is not None and not isinstance(name, str):
        raise InvalidRequest([Fault("#/id", "wrong_type", "must be a string")])
    binary = _parameters(found).get("binary_data_output") is True
    return Asked(name, tensors, _outputs(found.get("outputs"), binary), binary)


def written(
    asked: Asked, outputs: dict[str, Tensor], *, model: str, version: str, parameters: dict[str, Any]
) -> tuple[bytes, int | None]:
    """Return the body of the answer, and how many bytes of it are JSON where tensors follow.

    Raises: InvalidRequest when an output is asked for that the model has not.
    """
    wanted = asked.outputs or dict.fromkeys(outputs, asked.binary)
    entries, pieces = [], []
    for name, binary in wanted.items():
        tensor = outputs.get(name)
        if tensor is None:
            detail = f"there is no output {name[:80]!r}; there are {', '.join(outputs)}"
            raise InvalidRequest([Fault("#/outputs", "unknown_value", detail, allowed=list(outputs))])
        entry: dict[str, Any] = {"name": name, "datatype": tensor.datatype, "shape": list(tensor.values.shape)}
        if binary:
            pieces.append(to_bytes(tensor))
            entry["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            entry["data"] = _data(tensor)
        entries.append(entry)
    answer: dict[str, Any] = {"model_name": model, "model_version": version}
    if asked.id is not None:
        answer["id"] = asked.id
    head = orjson.dumps({**answer, "parameters": parameters, "outputs": entries}, option=orjson.OPT_SERIALIZE_NUMPY)
    return (head + b"".join(pieces), len(head)) if pieces else (head, None)


def _tensor(entry: Any, rest: bytes, at: int) -> tuple[Tensor, int]:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not isinstance(entry.get("datatype"), str):
        raise InvalidRequest([Fault("#/inputs", "missing", "each input has a name and a datatype")])
    shape = checked_shape(name, entry.get("shape"))
    size = _parameters(entry).get("binary_data_size")
    if size is None:
        return from_json(name, entry["datatype"], shape, entry.get("data")), at
    if type(size) is not int or not 0 <= size <= len(rest) - at:
        raise refused(name, f"its binary_data_size is {str(size)[:20]}, but {len(rest) - at} bytes are left")
    if "data" in entry:
        raise refused(name, "has data and a binary_data_size; send one of the two")
    return from_bytes(name, entry["datatype"], shape, rest[at : at + size]), at + size


def _outputs(asked: Any, binary: bool) -> dict[str, bool] | None:
    if asked is None or asked == []:
        return None
    found: dict[str, bool] = {}
    for entry in asked if isinstance(asked, list) else [None]:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise InvalidRequest([Fault("#/outputs", "wrong_type", "must be a list of objects with a name")])
        said = _parameters(entry).get("binary_data")
        found[entry["name"]] = binary if said is None else said is True
    return found


def _parameters(entry: dict[str, Any]) -> dict[str, Any]:
    found = entry.get("parameters")
    return found if isinstance(found, dict) else {}


def _data(tensor: Tensor) -> Any:
    flat = np.ascontiguousarray(tensor.values).reshape(-1)
    return flat.tolist() if tensor.datatype == BYTES else flat
