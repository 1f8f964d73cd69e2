"""Thrift's compact protocol, as far as the footer of a Parquet file needs it.

Reference: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import struct
from typing import Any

#: Types of the protocol.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
_WHOLE = (I16, I32, I64)

#: A struct: by the number of a field, its type and value. Lists are `(type, values)`.
Struct = dict[int, tuple[int, Any]]


def read_struct(data: bytes, place: int = 0) -> tuple[Struct, int]:
    """A struct, and where it ends.

    Raises:
        ValueError: A field has a type that footers do not have.
    """
    fields: Struct = {}
    number = 0
    while True:
        head = data[place]
        place += 1
        if not head:
            return fields, place
        kind, step = head & 15, head >> 4
        if step:
            number += step
        else:
            number, place = _whole(data, place)
        fields[number] = (kind, None)
        if kind in {TRUE, FALSE}:
            continue
        value, place = _read(data, place, kind)
        fields[number] = (kind, value)


def _read(data: bytes, place: int, kind: int) -> tuple[Any, int]:
    if kind in _WHOLE:
        return _whole(data, place)
    if kind == BINARY:
        size, place = _varint(data, place)
        return data[place : place + size], place + size
    if kind == STRUCT:
        return read_struct(data, place)
    if kind == LIST:
        return _read_list(data, place)
    if kind == DOUBLE:
        return struct.unpack_from("<d", data, place)[0], place + 8
    if kind in {BYTE, TRUE, FALSE}:  # a truth value in a list is a byte
        return data[place], place + 1
    raise ValueError(f"a footer with a field of type {kind}")


def _read_list(data: bytes, place: int) -> tuple[tuple[int, list[Any]], int]:
    kind, size = data[place] & 15, data[place] >> 4
    place += 1
    if size == 15:
        size, place = _varint(data, place)
    values = []
    for _ in range(size):
        value, place = _read(data, place, kind)
        values.append(value)
    return (kind, values), place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7


def _whole(data: bytes, place: int) -> tuple[int, int]:
    value, place = _varint(data, place)
    return (value >> 1) ^ -(value & 1), place


def write_struct(fields: Struct, out: bytearray) -> None:
    """Append a struct."""
    before = 0
    for number in sorted(fields):
        kind, value = fields[number]
        if 0 < number - before < 16:
            out.append((number - before) << 4 | kind)
        else:
            out.append(kind)
            _write_whole(number, out)
        before = number
        if kind not in {TRUE, FALSE}:
            _write(kind, value, out)
    out.append(0)


def _write(kind: int, value: Any, out: bytearray) -> None:
    if kind in _WHOLE:
        _write_whole(value, out)
    elif kind == BINARY:
        _write_varint(len(value), out)
        out += value
    elif kind == STRUCT:
        write_struct(value, out)
    elif kind == LIST:
        of, values = value
        if len(values) < 15:
            out.append(len(values) << 4 | of)
        else:
            out.append(15 << 4 | of)
            _write_varint(len(values), out)
        for each in values:
            _write(of, each, out)
    elif kind == DOUBLE:
        out += struct.pack("<d", value)
    else:
        out.append(value)


def _write_varint(value: int, out: bytearray) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _write_whole(value: int, out: bytearray) -> None:
    _write_varint((value << 1) ^ (value >> 63), out)
