"""The event file: checksums of known values, and records that a reader of the format finds."""

import struct
from pathlib import Path

from batchyard import tensorboard

JOB = {"id": "job_1", "created_at": "2026-11-23T06:20:00Z", "started_at": None}


def test_the_checksum_is_that_of_the_standard() -> None:
    # RFC 3720, appendix B.4: 32 bytes of zeros; and the check value of CRC-32C.
    assert tensorboard.crc32c(b"\0" * 32) == 0x8A9136AA
    assert tensorboard.crc32c(b"123456789") == 0xE3069283


def test_every_number_of_every_epoch_is_a_record(tmp_path: Path) -> None:
    columns = {"epoch": [1, 300], "train_cost": [0.5, 0.25], "val_cost": [None, 0.75], "checkpoint": [True, False]}

    raw = tensorboard.write(tmp_path, columns, JOB).read_bytes()
    records = []
    while raw:
        (length,) = struct.unpack("<Q", raw[:8])
        records.append(raw[12 : 12 + length])
        raw = raw[16 + length :]

    assert records[0].endswith(b"brain.Event:2")
    assert len(records) == 4
    assert records[2][10:12] == b"\xac\x02"  # 300 as a varint
    assert records[2].endswith(struct.pack("<f", 0.25))
