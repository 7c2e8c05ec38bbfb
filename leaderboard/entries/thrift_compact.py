"""Thrift's compact form, in which Parquet writes what it says of itself; read within bounds.

Only what footers and page headers are made of is read: numbers, texts, lists and structs. A size
that is claimed is compared with the bytes that are there before anything is made of it.
"""

from __future__ import annotations

from typing import Any, Final

MAX_DEPTH: Final = 10
"""A footer nests 6 deep: file, row group, column, its metadata, a list, a struct."""
MAX_LIST: Final = 4_096
MAX_VARINT_BYTES: Final = 10

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _BINARY, _LIST, _STRUCT = 1, 2, 3, 4, 5, 6, 8, 9, 12
_INTEGERS: Final = frozenset({_I16, _I32, _I64})


class ThriftError(ValueError):
    """Bytes that are no such struct."""


class ThriftReader:
    """Reads structs one after the other; `offset` is the first byte that was not read."""

    def __init__(self, content: memoryview, offset: int = 0) -> None:
        self.offset = offset
        self._content = content

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Return the fields of a struct by their ids.

        Raises:
            ThriftError: it is cut off, nests too deep, repeats a field or holds another type.
        """
        if depth > MAX_DEPTH:
            raise ThriftError(f"a struct nested deeper than {MAX_DEPTH}")
        fields: dict[int, Any] = {}
        field_id = 0
        while head := self._byte():
            kind = head & 0x0F
            field_id = field_id + (head >> 4) if head >> 4 else self._integer()
            if field_id in fields:
                raise ThriftError(f"the field {field_id} twice")
            fields[field_id] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._of(kind, depth)
        return fields

    def _of(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind == _LIST:
            return self._list(depth + 1)
        if kind == _BYTE:
            return self._byte()
        raise ThriftError(f"a value of type {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size = head >> 4
        if size == 0x0F:
            size = self._varint()
        kind = head & 0x0F
        if size > min(MAX_LIST, len(self._content) - self.offset):
            raise ThriftError(f"a list of {size}")
        if kind in (_TRUE, _FALSE):
            return [self._byte() == _TRUE for _ in range(size)]
        return [self._of(kind, depth) for _ in range(size)]

    def _byte(self) -> int:
        if self.offset >= len(self._content):
            raise ThriftError("an end in the middle")
        self.offset += 1
        return self._content[self.offset - 1]

    def _bytes(self, size: int) -> bytes:
        if size > len(self._content) - self.offset:
            raise ThriftError("an end in the middle")
        self.offset += size
        return bytes(self._content[self.offset - size : self.offset])

    def _varint(self) -> int:
        value = 0
        for position in range(MAX_VARINT_BYTES):
            byte = self._byte()
            value |= (byte & 0x7F) << (7 * position)
            if byte < 0x80:
                return value
        raise ThriftError("an integer without an end")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
