"""Tensors of the Open Inference Protocol: named, typed, shaped; in JSON or as bytes behind it."""

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.errors import Fault, InvalidRequest

DTYPES = {
    "BOOL": np.dtype("?"),
    **{f"UINT{bits}": np.dtype(f"<u{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": np.dtype(f"<i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
}
BYTES, BF16 = "BYTES", "BF16"
MAX_RANK = 8


@dataclass(frozen=True)
class Tensor:
    """A tensor of a request or an answer. Texts are an array of objects."""

    name: str
    datatype: str
    values: np.ndarray


def refused(name: str, detail: str) -> InvalidRequest:
    """Return the error about one tensor."""
    return InvalidRequest([Fault(f"#/inputs/{name[:80]}", "invalid_tensor", f"input {name[:80]!r}: {detail}")])


def checked_shape(name: str, shape: Any) -> tuple[int, ...]:
    """Return a shape that a tensor can have.

    Raises: InvalidRequest.
    """
    if not isinstance(shape, list) or not 1 <= len(shape) <= MAX_RANK:
        raise refused(name, f"its shape must be a list of 1 to {MAX_RANK} whole numbers")
    if not all(type(size) is int and 0 <= size < 2**31 for size in shape):
        raise refused(name, f"expected sizes of 0 to {2**31 - 1}, got {str(shape)[:80]}")
    return tuple(shape)


def from_json(name: str, datatype: str, shape: tuple[int, ...], data: Any) -> Tensor:
    """Return a tensor whose values are in JSON, flat or as lists in lists.

    Raises: InvalidRequest.
    """
    flat = _flat(name, data, math.prod(shape))
    if datatype == BYTES:
        if not all(isinstance(value, str) for value in flat):
            raise refused(name, "expected texts")
        values = np.empty(len(flat), dtype=object)
        values[:] = flat
        return Tensor(name, datatype, values.reshape(shape))
    dtype = _dtype(name, datatype)
    kinds: tuple[type, ...] = (bool,) if datatype == "BOOL" else (int, float) if dtype.kind == "f" else (int,)
    for value in flat:
        if not isinstance(value, kinds) or (isinstance(value, bool) and datatype != "BOOL"):
            raise refused(name, f"expected values of {datatype}, got {str(value)[:40]}")
    try:
        with np.errstate(over="ignore"):
            return Tensor(name, datatype, np.array(flat, dtype=dtype).reshape(shape))
    except OverflowError:
        raise refused(name, f"has a number that {datatype} does not hold") from None


def from_bytes(name: str, datatype: str, shape: tuple[int, ...], raw: bytes) -> Tensor:
    """Return a tensor whose values are bytes, little-endian; texts each with their length before them.

    Raises: InvalidRequest when they do not add up to the shape.
    """
    count = math.prod(shape)
    if datatype == BYTES:
        return Tensor(name, datatype, _texts(name, raw, count).reshape(shape))
    width = 2 if datatype == BF16 else _dtype(name, datatype).itemsize
    if len(raw) != count * width:
        raise refused(name, f"expected {count * width} bytes for the shape {list(shape)}, got {len(raw)}")
    if datatype == BF16:  # the upper half of a float32
        values = (np.frombuffer(raw, dtype="<u2").astype("<u4") << 16).view("<f4")
        return Tensor(name, datatype, values.reshape(shape))
    return Tensor(name, datatype, np.frombuffer(raw, dtype=_dtype(name, datatype)).reshape(shape))


def to_bytes(tensor: Tensor) -> bytes:
    """Return a tensor's values as bytes."""
    if tensor.datatype == BYTES:
        texts = [str(value).encode() for value in tensor.values.reshape(-1)]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return np.ascontiguousarray(tensor.values, dtype=DTYPES[tensor.datatype]).tobytes()


def _dtype(name: str, datatype: str) -> np.dtype[Any]:
    if datatype == BF16:
        raise refused(name, "BF16 is sent as binary data only")
    if datatype not in DTYPES:
        raise refused(name, f"has no datatype {datatype[:20]!r}; there are {', '.join([*DTYPES, BF16, BYTES])}")
    return DTYPES[datatype]


def _flat(name: str, data: Any, count: int) -> list[Any]:
    if not isinstance(data, list):
        raise refused(name, "its data must be a list")
    found, level = [data], data
    while level and isinstance(level[0], list):
        if not all(isinstance(part, list) and len(part) == len(level[0]) for part in level):
            raise refused(name, "its data are lists of different lengths")
        level = [value for part in level for value in part]
        found = [level]
    if len(found[0]) != count:
        raise refused(name, f"expected {count} values for its shape, got {len(found[0])}")
    return found[0]


def _texts(name: str, raw: bytes, count: int) -> np.ndarray:
    if 4 * count > len(raw):
        raise refused(name, f"expected {count} texts, got {len(raw)} bytes")
    found: list[str] = []
    at = 0
    for _ in range(count):
        length = struct.unpack_from("<I", raw, at)[0] if at + 4 <= len(raw) else len(raw)
        at += 4
        if at + length > len(raw):
            raise refused(name, f"its bytes end within text {len(found)}")
        try:
            found.append(raw[at : at + length].decode())
        except UnicodeDecodeError:
            raise refused(name, f"text {len(found)} is not UTF-8") from None
        at += length
    if at != len(raw):
        raise refused(name, f"{len(raw) - at} bytes are left after {count} texts")
    values = np.empty(count, dtype=object)
    values[:] = found
    return values
