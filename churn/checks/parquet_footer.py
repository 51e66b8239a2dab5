"""Look at the sizes in a Parquet file's footer before anything is unpacked. A small file may hold many gigabytes.

No library that every image has tells these sizes. The footer is written in Thrift's compact protocol:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. Its fields are numbered in
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from pathlib import Path
from typing import Any

MOST_FOOTER_BYTES = 16_000_000
BYTES_OF_A_VALUE = 8
ROW_GROUPS, COLUMNS, META_DATA, VALUES, UNCOMPRESSED = 4, 1, 3, 5, 6  # numbers of fields


def unpacked_bytes(file: Path) -> int:
    """Return how many bytes the values of a Parquet file take in memory, at least, as its footer says.

    Raises ValueError if there is no such footer.
    """
    try:
        row_groups = _Compact(_footer(file)).struct()[ROW_GROUPS]
        columns = [column[META_DATA] for group in row_groups for column in group[COLUMNS]]
        return sum(max(column[VALUES] * BYTES_OF_A_VALUE, column[UNCOMPRESSED]) for column in columns)
    except (IndexError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("its footer is damaged") from error


def _footer(file: Path) -> bytes:
    size = file.stat().st_size
    with file.open("rb") as content:
        content.seek(max(0, size - 8))
        end = content.read()
        length = int.from_bytes(end[:4], "little")
        if end[4:] != b"PAR1" or not length <= min(size - 8, MOST_FOOTER_BYTES):
            raise ValueError("it has no footer")
        content.seek(size - 8 - length)
        return content.read(length)


class _Compact:
    """A reader of structs: it keeps numbers, lists and structs by the numbers of their fields, and passes over text."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & 15)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (4, 5, 6):  # whole numbers of 16, 32 and 64 bits
            return self._signed()
        if kind == 12:
            return self.struct()
        if kind in (9, 10):  # list and set
            head = self._byte()
            size = self._unsigned() if head >> 4 == 15 else head >> 4
            return [self._element(head & 15) for _ in range(size)]
        if kind == 8:  # text: its length comes first
            length = self._unsigned()
            self._at += length
        elif kind not in (1, 2):  # true and false are no more than their kind
            self._at += {3: 1, 7: 8}[kind]  # byte and double
        return None

    def _element(self, kind: int) -> Any:
        return self._byte() if kind in (1, 2) else self._value(kind)

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _unsigned(self) -> int:
        number = shift = 0
        while (byte := self._byte()) > 127:
            number |= (byte & 127) << shift
            shift += 7
        return number | byte << shift

    def _signed(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)
