"""What the footer of a Parquet file says, looked through before a reader takes its word for how much there is.

The footer is one structure in Thrift's compact protocol (Apache Thrift, "Thrift Compact protocol encoding"), the
``FileMetaData`` of Apache Parquet's ``parquet.thrift``. A reader sets memory aside for lists before it has read
them, so that a footer of a few bytes can ask for any amount.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.data.files.compressed import most_bytes
from automl.data.limits import check_columns
from automl.errors import DataError

_END = b"PAR1"
_DEEPEST = 32  # structures in structures; Parquet's own are less than ten deep
_SCHEMA, _N_ROWS = 2, 3  # fields of FileMetaData
_TRUE, _FALSE, _BYTE, _DOUBLE, _TEXT, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_VARINTS = (4, 5, 6)
_BYTES_A_VALUE = 8


def check_footer(content: bytes, name: str) -> None:
    """Refuses a Parquet file whose footer is none, or that holds more rows than so small a file may.

    Raises:
        DataError: with what is wrong.
    """
    if not content.endswith(_END):
        return  # no reader goes on without it
    try:
        found = _Footer(content)
    except (IndexError, ValueError) as error:
        raise DataError(
            f"{name} begins as a Parquet file but is damaged (its footer cannot be read); write it again."
        ) from error
    check_columns(found.n_columns, name)
    most = most_bytes(len(content))
    if found.n_rows * max(found.n_columns, 1) * _BYTES_A_VALUE > most:
        raise DataError(
            f"{name} says that it holds {found.n_rows:,} rows of {found.n_columns} columns in {len(content):,} bytes, "
            f"but of so few bytes at most {most:,} are taken. If it is sound, write it without compression, or give "
            "fewer rows."
        )


@dataclass
class _Footer:
    """The numbers of rows and of columns, groups of columns counted as such."""

    content: bytes
    place: int = 0
    n_rows: int = 0
    n_columns: int = 0

    def __post_init__(self) -> None:
        length = int.from_bytes(self.content[-8:-4], "little")
        if len(self.content) < 12 or length > len(self.content) - 12:
            raise ValueError("no footer")
        self.content = self.content[-8 - length : -8]
        self._structure(0)

    def _structure(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        field = 0
        while head := self.content[self._step(1)]:
            field = field + (head >> 4) if head >> 4 else _unzigzag(self._varint())
            kind = head & 15
            if depth == 0 and field == _N_ROWS and kind in _VARINTS:
                self.n_rows = _unzigzag(self._varint())
                if self.n_rows < 0:
                    raise ValueError("fewer rows than none")
            elif depth == 0 and field == _SCHEMA and kind == _LIST:
                self.n_columns = max(self._list(depth) - 1, 0)  # the first is the root
            elif kind not in (_TRUE, _FALSE):  # which say it all
                self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> None:
        if kind in _VARINTS:
            self._varint()
        elif kind in (_TRUE, _FALSE, _BYTE):
            self._step(1)
        elif kind == _DOUBLE:
            self._step(8)
        elif kind == _TEXT:
            self._step(self._varint())
        elif kind in (_LIST, _SET):
            self._list(depth)
        elif kind == _STRUCT:
            self._structure(depth + 1)
        else:  # Parquet has no maps
            raise ValueError(f"unknown kind {kind}")

    def _list(self, depth: int) -> int:
        """How many values a list has, once they are passed; each takes a byte or more."""
        head = self.content[self._step(1)]
        n_values = head >> 4
        if n_values == 15:
            n_values = self._varint()
        if n_values > len(self.content) - self.place:
            raise ValueError("a list that is longer than the footer")
        if depth > _DEEPEST:
            raise ValueError("too deep")
        for _ in range(n_values):
            self._value(head & 15, depth + 1)
        return n_values

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self.content[self._step(1)]
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def _step(self, n_bytes: int) -> int:
        """The place before a step over so many bytes."""
        place = self.place
        self.place += n_bytes
        if self.place > len(self.content):
            raise IndexError("the footer ends too soon")
        return place


def _unzigzag(number: int) -> int:
    return (number >> 1) ^ -(number & 1)
