"""Reads what Parquet files say of themselves: structs in Thrift's compact protocol, of which only some fields are kept.

Written by strangers, so nothing here recurses or allocates by what a file says: a list ends with the bytes it is in.
Source: github.com/apache/thrift, doc/specs/thrift-compact-protocol.md.
"""

from typing import Any

MAX_DEPTH = 16  #: of structs and lists in each other; Parquet has eight
Wanted = dict[int, Any]  #: the fields that are kept: None for a value, again fields for a struct or a list of structs

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


class Unreadable(Exception):
    """The bytes are no struct."""


def struct(raw: bytes, at: int, wanted: Wanted) -> tuple[dict[int, Any], int]:
    """Return the wanted fields of the struct at a place, and where it ends. Numbers are kept, and structs of them.

    Raises: Unreadable.
    """
    try:
        return _struct(raw, at, wanted, MAX_DEPTH)
    except IndexError as error:
        raise Unreadable from error


def list_of(raw: bytes, at: int, field: int) -> tuple[int, int]:
    """Return how many entries the list in a field of the struct at a place has, and where the first begins.

    Raises: Unreadable.
    """
    try:
        number = 0
        while raw[at]:
            number, kind, at = _field(raw, at, number)
            if number == field and kind == LIST:
                count, _, at = _list(raw, at)
                return count, at
            at = _skipped(raw, at, kind, MAX_DEPTH)
        return 0, at
    except IndexError as error:
        raise Unreadable from error


def _struct(raw: bytes, at: int, wanted: Wanted, depth: int) -> tuple[dict[int, Any], int]:
    if not depth:
        raise Unreadable
    found: dict[int, Any] = {}
    number = 0
    while raw[at]:
        number, kind, at = _field(raw, at, number)
        inner = wanted.get(number)
        if kind in (I16, I32, I64) and inner is None:
            value, at = _varint(raw, at)
            found[number] = (value >> 1) ^ -(value & 1)
        elif kind == STRUCT and inner is not None:
            found[number], at = _struct(raw, at, inner, depth - 1)
        elif kind == LIST and inner is not None:
            found[number], at = _structs(raw, at, inner, depth - 1)
        else:
            at = _skipped(raw, at, kind, depth)
    return found, at + 1


def _structs(raw: bytes, at: int, wanted: Wanted, depth: int) -> tuple[list[dict[int, Any]], int]:
    count, kind, at = _list(raw, at)
    found = []
    for _ in range(count):
        if kind != STRUCT:
            raise Unreadable
        one, at = _struct(raw, at, wanted, depth)
        found.append(one)
    return found, at


def _field(raw: bytes, at: int, number: int) -> tuple[int, int, int]:
    """Return a field's number, given the one before it, its kind, and where its value begins."""
    kind, step = raw[at] & 15, raw[at] >> 4
    if step:
        return number + step, kind, at + 1
    value, at = _varint(raw, at + 1)
    return (value >> 1) ^ -(value & 1), kind, at


def _list(raw: bytes, at: int) -> tuple[int, int, int]:
    """Return the number and the kind of a list's entries, and where they begin."""
    count, kind = raw[at] >> 4, raw[at] & 15
    if count < 15:
        return count, kind, at + 1
    count, at = _varint(raw, at + 1)
    return count, kind, at


def _skipped(raw: bytes, at: int, kind: int, depth: int, *, in_list: bool = False) -> int:
    """Return where a value ends."""
    if not depth:
        raise Unreadable
    if kind in (TRUE, FALSE):
        return at + in_list  # in a field, its kind is its value
    if kind in (BYTE, DOUBLE):
        return at + (1 if kind == BYTE else 8)
    if kind in (I16, I32, I64):
        return _varint(raw, at)[1]
    if kind == BINARY:
        length, at = _varint(raw, at)
        return at + length
    if kind == STRUCT:
        while raw[at]:
            _, inner, at = _field(raw, at, 0)
            at = _skipped(raw, at, inner, depth - 1)
        return at + 1
    if kind in (LIST, SET):
        count, inner, at = _list(raw, at)
        for _ in range(count):
            at = _skipped(raw, at, inner, depth - 1, in_list=True)
            raw[at - 1]  # nothing lies behind the end: a list that says it is longer ends here
        return at
    raise Unreadable  # Parquet has no maps


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise Unreadable
