"""Epochs as a TensorBoard event file: scalars only, written without TensorBoard.

A record is its length, a masked CRC of the length, the data and a masked CRC of the data (TFRecord); the data is an
`Event` of protocol buffers: wall_time (1), step (2), file_version (3), summary (5).
Source: tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto, RFC 3720 for CRC32C.
"""

import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

POLYNOMIAL = 0x82F63B78  #: of CRC32C, reversed
MASK = 0xA282EAD8
LEFT_OUT = {"epoch", "checkpoint"}


def write(folder: Path, columns: Mapping[str, Sequence[Any]], job: Mapping[str, Any]) -> Path:
    """Write one event file into a folder, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    began = datetime.fromisoformat(str(job.get("started_at") or job["created_at"])).timestamp()
    path = folder / f"events.out.tfevents.{int(began)}.{job['id']}"
    records = [_event(began, 0, _bytes(3, b"brain.Event:2"))]
    wall = began
    for n, epoch in enumerate(columns["epoch"]):
        seconds = columns["seconds"][n] if "seconds" in columns else 0
        wall += seconds if isinstance(seconds, int | float) else 0
        for name, cells in columns.items():
            if name not in LEFT_OUT and isinstance(cells[n], int | float):
                value = _bytes(1, name.encode()) + b"\x15" + struct.pack("<f", cells[n])
                records.append(_event(wall, int(epoch), _bytes(5, _bytes(1, value))))
    path.write_bytes(b"".join(map(_record, records)))
    return path


def crc32c(data: bytes) -> int:
    """Return the CRC32C of bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _table() -> list[int]:
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ POLYNOMIAL if n & 1 else n >> 1
        table.append(n)
    return table


TABLE = _table()


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", _masked(length)) + data + struct.pack("<I", _masked(data))


def _masked(data: bytes) -> int:
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + MASK) & 0xFFFFFFFF


def _event(wall: float, step: int, rest: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", wall) + b"\x10" + _varint(step) + rest


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])
