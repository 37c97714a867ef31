"""Reads the headers of an Arrow stream's messages: whether buffers are packed, before anything unpacks them.

Source: arrow.apache.org, Columnar format, "Encapsulated message format"; Message.fbs; FlatBuffers' internals.
"""

import struct

RECORD_BATCH, DICTIONARY_BATCH = 3, 2  #: of MessageHeader
HEADER_TYPE, HEADER = 1, 2  #: fields of Message
DATA = 1  #: field of DictionaryBatch: its RecordBatch
COMPRESSION = 3  #: field of RecordBatch


def is_packed(metadata: bytes) -> bool:
    """Return whether the buffers of a message are compressed.

    Raises: ValueError when it is no header of a message.
    """
    try:
        message = struct.unpack_from("<I", metadata)[0]
        at = _field(metadata, message, HEADER_TYPE)
        kind = metadata[at] if at else 0
        batch = _table(metadata, message, HEADER)
        if kind == DICTIONARY_BATCH and batch:
            batch = _table(metadata, batch, DATA)
        elif kind != RECORD_BATCH:
            return False
        return bool(batch) and _field(metadata, batch, COMPRESSION) != 0
    except (struct.error, IndexError) as error:
        raise ValueError("no header of a message") from error


def _field(metadata: bytes, table: int, number: int) -> int:
    """Return where a field of a table is, 0 if it is left out."""
    (back,) = struct.unpack_from("<i", metadata, table)
    directory = table - back
    if directory < 0:
        raise IndexError
    (size,) = struct.unpack_from("<H", metadata, directory)
    if 4 + 2 * number >= size:
        return 0
    (offset,) = struct.unpack_from("<H", metadata, directory + 4 + 2 * number)
    return table + int(offset) if offset else 0


def _table(metadata: bytes, table: int, number: int) -> int:
    at = _field(metadata, table, number)
    return at + int(struct.unpack_from("<I", metadata, at)[0]) if at else 0
