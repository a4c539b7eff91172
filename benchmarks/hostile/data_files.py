"""Tables, arrays and texts that lie about themselves. A case is one entry of `REFUSED` or `HARMLESS`."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.hostile import asking
from benchmarks.hostile.case import Case, pickle_of
from benchmarks.hostile.specs import ROWS

Make = Callable[[Path], Any]
_ROW = ROWS.encode()
_Y = [f"{i % 17 + i / 3:.3f}" for i in range(60)]
_MARKUP = (
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "![](http://x)",
    "\u202egnp.exe",
    "a\x1b[31m",
)


def _file(name: str, content: bytes | str) -> Make:
    """A file of this name and content."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder / name

    return make


def _repeated(name: str, head: bytes, block: bytes, n_bytes: int, tail: bytes = b"") -> Make:
    """A large file that is written block by block, so that making it takes no memory."""

    def make(folder: Path) -> Path:
        with (folder / name).open("wb") as file:
            file.write(head)
            for _ in range(n_bytes // len(block)):
                file.write(block)
            file.write(tail)
        return folder / name

    return make


def _csv(columns: dict[str, list[Any]], name: str = "rows.csv") -> Make:
    def make(folder: Path) -> Path:
        pl.DataFrame(columns).write_csv(folder / name)
        return folder / name

    return make


def _parquet(frame: Callable[[], pl.DataFrame], change: Callable[[bytes], bytes] = bytes) -> Make:
    """A Parquet file of a frame, with other bytes where `change` says so."""

    def make(folder: Path) -> Path:
        out = io.BytesIO()
        frame().write_parquet(out)
        (folder / "rows.parquet").write_bytes(change(out.getvalue()))
        return folder / "rows.parquet"

    return make


def _sound() -> pl.DataFrame:
    return pl.DataFrame({"a": [float(i % 13) for i in range(60)], "y": [float(y) for y in _Y]})


def _of_zeros(n_rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"a": pl.zeros(n_rows, pl.Int64, eager=True), "y": pl.zeros(n_rows, pl.Int64, eager=True)}
    )


def _footer(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The footer of a Parquet file changed, and its length as it is then."""

    def changed(content: bytes) -> bytes:
        (length,) = struct.unpack("<I", content[-8:-4])
        footer = change(content[-8 - length : -8])
        return content[: -8 - length] + footer + struct.pack("<I", len(footer)) + b"PAR1"

    return changed


def _more_rows(footer: bytes) -> bytes:
    """60 rows, as Thrift's compact protocol writes it (``78``), become as many as fit in 64 bits."""
    return footer.replace(b"\x16\x78", b"\x16\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")


def _page(content: bytes) -> bytes:
    """The first page says that it holds 2 GB, and the offsets behind it are wrong by four."""
    return content[:7] + b"\xfe\xff\xff\xff\x0f" + content[8:]


def _npz(change: Callable[[bytes], bytes] = bytes, **arrays: Any) -> Make:
    """An NPZ file of arrays, the bytes of each but y changed; ``y`` is there unless given."""

    def make(folder: Path) -> Path:
        given = {"y": np.arange(60) % 3, **arrays}
        with zipfile.ZipFile(folder / "rows.npz", "w") as file:
            for name, array in given.items():
                out = io.BytesIO()
                np.save(out, array, allow_pickle=True)
                content = out.getvalue()
                file.writestr(f"{name}.npy", content if name == "y" else change(content))
        return folder / "rows.npz"

    return make


def _npz_pickled(folder: Path) -> Path:
    """An array of one object that runs a command."""
    with zipfile.ZipFile(folder / "rows.npz", "w") as file:
        for name in ("x", "y"):
            header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"
            file.writestr(f"{name}.npy", _npy(header, pickle_of(folder)))
    return folder / "rows.npz"


def _npy(header: str, body: bytes = b"", version: bytes = b"\1\0") -> bytes:
    text = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H" if version[0] == 1 else "<I", len(text)) + text + body


def _npz_of(content: bytes) -> Make:
    """An NPZ file whose x is this."""
    return _npz(lambda _: content, x=np.zeros(1))


def _shaped(shape: str, descr: str = "<f8", more: str = "") -> Make:
    return _npz_of(
        _npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}{more}}}", b"\0" * 480)
    )


def _idx(head: bytes, n_bytes: int, labels: bytes | None = None) -> Make:
    """A file of MNIST's format beside its labels."""

    def make(folder: Path) -> Path:
        (folder / "train-images-idx3-ubyte").write_bytes(head + b"\0" * n_bytes)
        of_labels = b"\0\0\x08\1" + struct.pack(">I", 60) + bytes(i % 3 for i in range(60))
        (folder / "train-labels-idx1-ubyte").write_bytes(of_labels if labels is None else labels)
        return folder

    return make


def _pickled(folder: Path, name: str) -> Path:
    (folder / name).write_bytes(pickle_of(folder))
    return folder / name


def _linked(target: str, folder: Path) -> Path:
    (folder / "rows.csv").symlink_to(target)
    return folder / "rows.csv"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "rows.csv")
    return folder / "rows.csv"


def _spec(make: Make, **data: Any) -> Make:
    return lambda folder: {"path": str(make(folder)), **data}


def _with_target(make: Make) -> Make:
    return _spec(make, target="y")


_JSON_ROWS = "".join(json.dumps({"a": i % 7, "y": float(y)}) + "\n" for i, y in enumerate(_Y))
_TS = "@problemName x\n@univariate true\n@classLabel true a b\n@data\n"

REFUSED: dict[str, Make] = {
    # CSV
    "csv: empty": _file("rows.csv", b""),
    "csv: NUL alone": _file("rows.csv", b"\0" * 5000),
    "csv: NUL in a cell": _with_target(_file("rows.csv", _ROW.replace(b",r,", b",\0,", 1))),
    "csv: a header alone": _file("rows.csv", b"a,y\n"),
    "csv: ragged": _with_target(_file("rows.csv", _ROW + b"1,r,2,3,4,5\n")),
    "csv: a quote that stays open": _with_target(_file("rows.csv", b'a,y\n"' + b"x,1\n" * 60)),
    "csv: a quote that stays open, 10 MB": _with_target(
        _repeated("rows.csv", b'a,y\n"', b"x,1\n" * 250_000, 10_000_000)
    ),
    "csv: a header of 50 MB": _with_target(_repeated("rows.csv", b"", b"x" * 1_000_000, 50_000_000)),
    "csv: 100,000 columns": _with_target(
        _file("rows.csv", (",".join(f"c{i}" for i in range(100_000)) + "\n") * 3)
    ),
    "csv: 1,000,000 columns of no name": _file("rows.csv", "," * 1_000_000 + "\n1\n"),
    "csv: 100,000 columns of one name": _file("rows.csv", ",".join(["a"] * 100_000) + "\n1\n"),
    "csv: a field of 10 MB": _with_target(
        _repeated("rows.csv", b"a,y\n1,", b"9" * 1_000_000, 10_000_000, b"\n")
    ),
    "csv: one column": _spec(_csv({"y": _Y}), target="y"),
    "csv: one value": _with_target(_csv({"a": [1] * 60, "y": [1] * 60})),
    "csv: infinite": _with_target(_csv({"a": ["inf", "-inf", "1e999"] * 20, "y": _Y})),
    "csv: an infinite target": _with_target(_csv({"a": range(60), "y": ["1e999", *_Y[1:]]})),
    "csv: invalid UTF-8": _with_target(_file("rows.csv", _ROW.replace(b"r", b"\xff"))),
    "csv: invalid UTF-8 in the header": _with_target(_file("rows.csv", b"\xff" + _ROW)),
    "csv: UTF-16": _with_target(_file("rows.csv", ROWS.encode("utf-16"))),
    "csv: a PNG": _file("rows.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
    "csv: a program": _file("rows.csv", b"\x7fELF" + os.urandom(1000)),
    "csv: a pickle": lambda folder: _pickled(folder, "rows.csv"),
    "csv: noise": _file("rows.csv", bytes(i * 7919 % 251 for i in range(100_000))),
    "csv: a link to an endless file": partial(_linked, "/dev/zero"),
    "csv: a link to itself": partial(_linked, "rows.csv"),
    "csv: a pipe": _pipe,
    "csv: a class a row": _with_target(_csv({"a": range(60), "y": [f"c{i}" for i in range(60)]})),
    "csv: columns that other spaces part": _with_target(_file("rows.csv", b"a\ty\n" + b"1 2\n" * 60)),
    "csv: carriage returns alone": _with_target(_file("rows.csv", _ROW.replace(b"\n", b"\r"))),
    # Parquet
    "parquet: empty": _file("rows.parquet", b""),
    "parquet: its beginning alone": _file("rows.parquet", b"PAR1"),
    "parquet: its beginning and end": _file("rows.parquet", b"PAR1\0\0\0\0PAR1"),
    "parquet: cut off": _parquet(_sound, lambda c: c[: len(c) // 2]),
    "parquet: a footer of 4 GB": _parquet(_sound, lambda c: c[:-8] + b"\xff\xff\xff\xffPAR1"),
    "parquet: a footer of 2 GB": _parquet(_sound, lambda c: c[:-8] + b"\xff\xff\xff\x7fPAR1"),
    "parquet: a footer of nothing": _parquet(_sound, _footer(lambda _: b"")),
    "parquet: a footer of zeros": _parquet(_sound, _footer(lambda f: b"\0" * len(f))),
    "parquet: a footer of structures in structures": _parquet(_sound, _footer(lambda _: b"\x1c" * 50_000)),
    "parquet: a footer of lists in lists": _parquet(_sound, _footer(lambda _: b"\x19" * 50_000)),
    "parquet: a list of 2**31": _parquet(
        _sound, _footer(lambda f: f.replace(b"\x19", b"\x19\xfc\xff\xff\xff\xff\x07", 1))
    ),
    "parquet: 2**62 rows": _with_target(_parquet(_sound, _footer(_more_rows))),
    "parquet: a page of 2 GB": _with_target(_parquet(_sound, _page)),
    "parquet: names of 4 GB": _parquet(
        _sound, _footer(lambda f: f.replace(b"\x18\x01a", b"\x18\xff\xff\xff\xff\x0fa"))
    ),
    "parquet: other offsets": _with_target(
        _parquet(_sound, _footer(lambda f: f.replace(b"\x26\x08", b"\x26\x7e")))
    ),
    "parquet: encrypted": _parquet(_sound, lambda c: b"PARE" + c[4:-4] + b"PARE"),
    "parquet: noise": _parquet(_sound, lambda c: b"PAR1" + os.urandom(len(c)) + b"PAR1"),
    "parquet: pages of noise": _with_target(_parquet(_sound, lambda c: c[:30] + b"\xa5" * 200 + c[230:])),
    "parquet: 200 million rows of zeros": _with_target(_parquet(partial(_of_zeros, 200_000_000))),
    "parquet: no rows": _with_target(_parquet(lambda: _sound().clear())),
    "parquet: no columns": _parquet(pl.DataFrame),
    "parquet: lists alone": _parquet(lambda: pl.DataFrame({"y": [[1, 2]] * 60, "z": [[[1]]] * 60})),
    "parquet: a nested target": _with_target(_parquet(lambda: _sound().with_columns(y=pl.concat_list("y")))),
    "parquet: objects for images": _parquet(
        lambda: pl.DataFrame({"image": [b"\x89PNG\r\n\x1a\n"] * 60, "y": _Y})
    ),
    "parquet: a CSV": _file("rows.parquet", _ROW),
    # NumPy
    "npz: an object that runs a command": _npz_pickled,
    "npz: objects": _npz(x=np.array([{}] * 60, object)),
    "npz: a pickle": lambda folder: _pickled(folder, "rows.npz"),
    "npz: a shape of 10**12": _shaped("(1000000000000, 8)"),
    "npz: a shape below zero": _shaped("(-1, 8)"),
    "npz: a shape of 2**64": _shaped("(18446744073709551616,)"),
    "npz: a shape whose product overflows": _shaped("(4294967296, 4294967296, 2)"),
    "npz: a shape of 200 dimensions": _shaped("(" + "1, " * 200 + ")"),
    "npz: a shape that is text": _shaped("'60'"),
    "npz: a shape of booleans": _shaped("(True, 60)"),
    "npz: a shape with nothing in it": _shaped("(0, 1000000000000)"),
    "npz: an unknown type": _shaped("(60,)", "<z8"),
    "npz: items of 2 GB": _shaped("(60,)", "|V2000000000"),
    "npz: text of 2 GB": _shaped("(60,)", "<U500000000"),
    "npz: a header that is code": _npz_of(_npy("__import__('os').system('touch canary')")),
    "npz: a header of brackets": _npz_of(_npy("(" * 9000)),
    "npz: a header of minus signs": _npz_of(_npy("-" * 9000 + "1")),
    "npz: a header of 60 kB": _npz_of(_npy("{'descr': '<f8'" + " " * 60_000 + "}")),
    "npz: a header of 4 GB": _npz_of(b"\x93NUMPY\2\0\xff\xff\xff\xff{}"),
    "npz: a header of version 9": _npz_of(_npy("{}", version=b"\x09\0")),
    "npz: another key": _shaped("(60,)", more=", 'more': 1"),
    "npz: dates": _npz(x=np.zeros((60, 2), "M8[D]")),
    "npz: complex numbers": _npz(x=np.zeros((60, 2), complex)),
    "npz: records": _npz(x=np.zeros(60, [("a", "f8"), ("b", "f8")])),
    "npz: infinite numbers": _npz(x=np.full((60, 2), np.inf), y=np.arange(60) * 1.5),
    "npz: fewer rows than labels": _npz(x=np.zeros((59, 2))),
    "npz: images of no size": _npz(x=np.zeros((60, 0, 8), np.uint8)),
    "npz: seven dimensions": _npz(x=np.zeros((60, 1, 1, 1, 1, 1, 1), np.uint8)),
    "npz: 1 GB of zeros": _npz_of(
        _npy("{'descr': '|u1', 'fortran_order': False, 'shape': (60, 17895697)}", b"")
    ),
    "npz: a bare array": _file("rows.npz", _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (60,)}")),
    "npz: no arrays": _npz(y=np.zeros(3)),
    "npz: two arrays of one name": _npz(x=np.zeros((60, 2)), X=np.zeros((60, 3)), Y=np.zeros(3)),
    "npy: by itself": _file("rows.npy", _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (60,)}")),
    # IDX
    "idx: nothing": _idx(b"", 0),
    "idx: 2**32 images": _idx(b"\0\0\x08\3" + b"\xff\xff\xff\xff" * 3, 100),
    "idx: one image too many": _idx(b"\0\0\x08\3" + struct.pack(">3I", 61, 4, 4), 960),
    "idx: 255 dimensions": _idx(b"\0\0\x08\xff", 960),
    "idx: real numbers": _idx(b"\0\0\x0d\3" + struct.pack(">3I", 60, 4, 4), 960),
    "idx: images of no size": _idx(b"\0\0\x08\3" + struct.pack(">3I", 60, 0, 4), 0),
    "idx: labels of another size": _idx(
        b"\0\0\x08\3" + struct.pack(">3I", 60, 4, 4), 960, b"\0\0\x08\1\0\0\0\1\1"
    ),
    "idx: labels that are no labels": _idx(b"\0\0\x08\3" + struct.pack(">3I", 60, 4, 4), 960, _ROW),
    # JSON Lines
    "jsonl: empty": _file("rows.jsonl", b""),
    "jsonl: 100,000 brackets": _file("rows.jsonl", b"[" * 100_000),
    "jsonl: 100,000 objects": _file("rows.jsonl", b'{"a":' * 100_000),
    "jsonl: a deep value": _file("rows.jsonl", (b'{"y": ' + b"[" * 900 + b"]" * 900 + b"}\n") * 20),
    "jsonl: a number of 5,000 digits": _with_target(
        _file("rows.jsonl", _JSON_ROWS + '{"y": ' + "9" * 5000 + "}\n")
    ),
    "jsonl: NaN": _with_target(_file("rows.jsonl", _JSON_ROWS.replace("1.0", "Infinity"))),
    "jsonl: lists for rows": _file("rows.jsonl", b"[1, 2]\n" * 60),
    "jsonl: a key of 1 MB": _with_target(
        _file("rows.jsonl", _JSON_ROWS + '{"' + "k" * 1_000_000 + '": 1}\n{')
    ),
    "jsonl: another key in every line": _file(
        "rows.jsonl", "".join(f'{{"k{i}": {i}}}\n' for i in range(20_000))
    ),
    "jsonl: NUL": _file("rows.jsonl", b"\0" * 1000),
    "jsonl: UTF-16": _file("rows.jsonl", _JSON_ROWS.encode("utf-16")),
    "jsonl: half a surrogate for a target": _spec(
        _file("rows.jsonl", '{"\\ud800": 1}\n' * 60), target="\ud800"
    ),
    # series of the UCR and UEA archive
    "ts: empty": _file("rows.ts", b""),
    "ts: a header alone": _file("rows.ts", _TS),
    "ts: no header": _file("rows.ts", b"1,2,3:a\n"),
    "ts: NUL": _file("rows.ts", _TS.encode() + b"\0,1:a\n"),
    "ts: a million channels": _file("rows.ts", _TS + ":" * 1_000_000 + "a\n"),
    "ts: a million values of which one is none": _file("rows.ts", _TS + "1," * 500_000 + "x:a\n"),
    "ts: channels of other lengths": _file("rows.ts", _TS + "1,2:1,2,3:a\n" * 60),
    "ts: infinite values": _file("rows.ts", _TS + "1,1e999,inf:a\n" * 60),
    "ts: says 10**30 channels": _file(
        "rows.ts", _TS.replace("@data", f"@dimensions 1{'0' * 30}\n@data") + "1,2:a\n"
    ),
    "ts: says channels of 5,000 digits": _file(
        "rows.ts", _TS.replace("@data", f"@dimensions {'9' * 5000}\n@data") + "1:a\n"
    ),
    "ts: says a number that is none": _file(
        "rows.ts", _TS.replace("@data", "@dimensions \u00b2\n@data") + "1,2:a\n"
    ),
    "ts: another label": _file("rows.ts", _TS + "1,2,3:c\n" * 60),
    "ts: invalid UTF-8": _file("rows.ts", _TS.encode() + b"\xff\n"),
    # what is not read at all
    "a pickle": lambda folder: _pickled(folder, "rows.pkl"),
    "a notebook": _file("rows.ipynb", b"{}"),
    "Arrow": _file("rows.arrow", b"ARROW1\0\0" + b"\xff" * 100),
    "HDF5": _file("rows.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 100),
    "a shelf": _file("rows.db", b"SQLite format 3\0"),
    "Excel": _file("rows.xlsx", b"PK\3\4"),
    "XML with an entity": _file(
        "rows.xml", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    ),
}

HARMLESS: dict[str, tuple[str, Make]] = {
    "csv: cells of formulas": (
        "cells are text, and no sheet opens them here",
        _with_target(_csv({"a": (["=1+1", "@SUM(1)", "+1-1", "-2+3"] * 15), "b": range(60), "y": _Y})),
    ),
    "csv: columns of markup": (
        "names of columns are shown as text",
        _with_target(_csv({**{name: [i * k % 11 for i in range(60)] for k, name in enumerate(_MARKUP)}, "y": _Y})),
    ),
    "csv: classes of markup": (
        "names of classes are shown as text",
        _with_target(_csv({"a": [i * 7 % 13 for i in range(60)], "y": [_MARKUP[i % 5] for i in range(60)]})),
    ),
    "csv: a byte-order mark": ("it says nothing but UTF-8", _with_target(_file("rows.csv", b"\xef\xbb\xbf" + _ROW))),
    "csv: a name of colours": ("its name becomes a slug", _with_target(_file("\x1b[31m<img>.csv", _ROW))),
    "csv: digits of Arabic": (
        "it is text",
        _with_target(_csv({"a": ["\u0661\u0662", "\u0663"] * 30, "b": range(60), "y": _Y})),
    ),
    "parquet: decimals of 38 digits": (
        "they are numbers",
        _with_target(_parquet(lambda: _sound().with_columns(a=pl.Series([Decimal("9" * 38), Decimal(1)] * 30)))),
    ),
    "parquet: durations and dates": (
        "they are numbers and dates",
        _with_target(_parquet(lambda: _sound().with_columns(d=pl.lit(timedelta(days=1)), t=pl.datetime(9999, 12, 31)))),
    ),
    "npz: Fortran's order": ("an order of bytes", _npz(x=np.asfortranarray(np.arange(120.0).reshape(60, 2) % 7))),
    "npz: the other order of bytes": ("an order of bytes", _npz(x=(np.arange(120).reshape(60, 2) % 7).astype(">f8"))),
    "jsonl: keys that come twice": (
        "JSON takes the last",
        _with_target(_file("rows.jsonl", _JSON_ROWS + '{"a": 1, "a": 2, "y": 3}\n')),
    ),
    "jsonl: half a surrogate": (
        "it is shown as a question mark",
        _with_target(_file("rows.jsonl", _JSON_ROWS + '{"a": 1, "y": 3, "c": "\\ud800"}\n')),
    ),
}  # fmt: skip


def cases() -> Iterator[Case]:
    for name, make in REFUSED.items():
        yield Case("data", name, make, asking.prepare)
    for name, (why, make) in HARMLESS.items():
        yield Case("data", name, make, asking.prepare, why)
