"""Archives that leave their folder, hold more than they show, or lie about it. A case is one entry of `CASES`."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.hostile import asking
from benchmarks.hostile.case import Case, canary_of
from benchmarks.hostile.specs import ROWS

_ZEROS = b"\0" * 2**20
Entry = tuple[str, bytes]


def _zip(*entries: Entry, method: int = zipfile.ZIP_DEFLATED) -> Callable[[Path], Path]:
    """A ZIP archive of these names and contents, written as they are."""

    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "data.zip", "w", method) as file:
            for name, content in entries:
                info = zipfile.ZipInfo("x")
                info.filename = name.replace("CANARY", str(canary_of(folder)))  # as it is: with NUL, with ..
                info.compress_type = method
                file.writestr(info, content)
        return folder / "data.zip"

    return make


def _zip_of_mode(name: str, content: bytes, mode: int) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "data.zip", "w") as file:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.create_system = mode << 16, 3
            file.writestr(info, content.replace(b"CANARY", str(canary_of(folder)).encode()))
            file.writestr("rows.csv", ROWS)
        return folder / "data.zip"

    return make


def _changed(make: Callable[[Path], Path], change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """The same file with other bytes."""

    def changed(folder: Path) -> Path:
        path = make(folder)
        path.write_bytes(change(path.read_bytes()))
        return path

    return changed


def _deflated(n_blocks: int, first: bytes = b"") -> bytes:
    """So many times 1 MiB of zeros behind `first`, as DEFLATE has them (RFC 1951); made in no time."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = packed.compress(first) + packed.flush(zlib.Z_FULL_FLUSH)
    block = packed.compress(_ZEROS) + packed.flush(zlib.Z_FULL_FLUSH)
    return begin + block * n_blocks + packed.flush()


def _zip_of(body: bytes, n_bytes: int, names: Iterable[str] = ("rows.csv",)) -> Callable[[Path], Path]:
    """An archive whose names all stand for one content (Fifield, "A better zip bomb", WOOT 2019)."""
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(body), n_bytes, 5, 0) + b"0.csv"
    table, n_files = b"", 0
    for name in map(str.encode, names):
        numbers = (20, 20, 0, 8, 0, 0, 0, len(body), n_bytes, len(name), 0, 0, 0, 0, 0, 0)
        table += struct.pack("<4s6H3I5H2I", b"PK\1\2", *numbers) + name
        n_files += 1
    ends = (0, 0, n_files & 0xFFFF, n_files & 0xFFFF, len(table), len(local) + len(body), 0)
    return _as("data.zip", local + body + table + struct.pack("<4s4H2IH", b"PK\5\6", *ends))


def _sized(size: int) -> Callable[[bytes], bytes]:
    """Says another unpacked size in both tables of an archive of one file."""

    def change(content: bytes) -> bytes:
        changed = bytearray(content)
        struct.pack_into("<I", changed, 22, size)
        struct.pack_into("<I", changed, content.rindex(b"PK\1\2") + 24, size)
        return bytes(changed)

    return change


def _end_of_zip(**says: int) -> Callable[[bytes], bytes]:
    """Lies in the last record of an archive: about the number of files, the size or the place of its table."""
    places = {"files": (8, "<H"), "all_files": (10, "<H"), "size": (12, "<I"), "offset": (16, "<I")}

    def change(content: bytes) -> bytes:
        changed, end = bytearray(content), content.rindex(b"PK\5\6")
        for name, value in says.items():
            place, form = places[name]
            struct.pack_into(form, changed, end + place, value)
        return bytes(changed)

    return change


def _tar(*infos: tarfile.TarInfo | Entry, ending: str = "tar") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as file:
            for one in infos:
                if isinstance(one, tarfile.TarInfo):
                    one.linkname = one.linkname.replace("CANARY", str(canary_of(folder)))
                    file.addfile(one, io.BytesIO(b"\0" * one.size) if one.isreg() else None)
                else:
                    info = tarfile.TarInfo(one[0].replace("CANARY", str(canary_of(folder))))
                    info.size = len(one[1])
                    file.addfile(info, io.BytesIO(one[1]))
        path = folder / f"data.{ending}"
        path.write_bytes(gzip.compress(out.getvalue()) if ending.endswith("gz") else out.getvalue())
        return path

    return make


def _info(name: str, kind: bytes, target: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


def _header(name: bytes = b"rows.csv", size: bytes = b"00000000144\0", kind: bytes = b"0") -> bytes:
    """One header of a TAR archive, field by field, with the right checksum."""
    head = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size + b"00000000000\0"
    head += b" " * 8 + kind + b"\0" * 100 + b"ustar\00000"
    head = head.ljust(512, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def _raw_tar(content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "data.tar").write_bytes(content)
        return folder / "data.tar"

    return make


def _gzip_bomb(name: str, n_blocks: int, first: bytes = b"") -> Callable[[Path], Path]:
    """Zeros behind what a file of this name begins with."""
    head = b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff"
    return _as(name, head + _deflated(n_blocks, first) + b"\0" * 8)


def _as(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _nested(depth: int) -> bytes:
    content = ROWS.encode()
    name = "rows.csv"
    for _ in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(name, content)
        content, name = out.getvalue(), "data.zip"
    return content


_SOUND = _zip(("rows.csv", ROWS.encode()))
_ROW = ROWS.encode()
_PNG = b"\x89PNG\r\n\x1a\n"

CASES: dict[str, Callable[[Path], Path]] = {
    "zip: a way out": _zip(("../canary", b"x"), ("rows.csv", _ROW)),
    "zip: a way out, deep": _zip(("a/b/../../../canary", b"x"), ("rows.csv", _ROW)),
    "zip: a way out, backwards": _zip(("..\\canary", b"x"), ("rows.csv", _ROW)),
    "zip: an absolute path": _zip(("CANARY", b"x"), ("rows.csv", _ROW)),
    "zip: a drive": _zip(("C:\\canary", b"x"), ("rows.csv", _ROW)),
    "zip: a name with NUL": _zip(("rows.csv\0.png", _ROW), ("b.csv", _ROW)),
    "zip: a name of nothing": _zip(("", b"x"), ("rows.csv", _ROW)),
    "zip: a name of 60 kB": _zip(("x" * 60_000, b"x")),
    "zip: a name of 5,000 folders": _zip(("x/" * 5000 + "y.csv", _ROW)),
    "zip: a name of colours": _zip(("\x1b[31m.csv", b""), ("b.csv", b"")),
    "zip: a file where a folder is": _zip(("a", b"x"), ("a/rows.csv", _ROW)),
    "zip: a folder where a file is": _zip(("a/rows.csv", _ROW), ("a", b"x")),
    "zip: a symbolic link": _zip_of_mode("link.csv", b"/etc/passwd", stat.S_IFLNK | 0o777),
    "zip: a symbolic link to the canary": _zip_of_mode("link", b"CANARY", stat.S_IFLNK | 0o777),
    "zip: encrypted": _changed(
        _SOUND, lambda c: c[:6] + b"\1" + c[7:].replace(b"PK\1\2\x14\x03\x14\0\0", b"PK\1\2\x14\x03\x14\0\1")
    ),
    "zip: a bomb of 3 GB": _zip_of(_deflated(3072), 3 * 2**30),
    "zip: a bomb of 20 files": _zip_of(_deflated(100), 100 * 2**20, [f"{i}.csv" for i in range(20)]),
    "zip: a bomb that says 10 bytes": _zip_of(_deflated(3072), 10),
    "zip: a file that says 4 GB": _changed(_SOUND, _sized(0xFFFFFFF0)),
    "zip: 2,000 names of one content": _zip_of(_deflated(1), 2**20, [f"{i}.csv" for i in range(2000)]),
    "zip: 50,000 names of one content": _zip_of(_deflated(0, b"a"), 1, [f"{i}.csv" for i in range(50_000)]),
    "zip: more files than there are": _changed(_SOUND, _end_of_zip(files=60_000, all_files=60_000)),
    "zip: a table of another place": _changed(_SOUND, _end_of_zip(offset=0xFFFFFF00)),
    "zip: a table of another size": _changed(_SOUND, _end_of_zip(size=0xFFFFFF00)),
    "zip: sizes in 64 bits that are not there": _changed(
        _SOUND, _end_of_zip(offset=0xFFFFFFFF, size=0xFFFFFFFF)
    ),
    "zip: a wrong checksum": _changed(_SOUND, lambda c: c[:60] + b"????" + c[64:]),
    "zip: cut off": _changed(_SOUND, lambda c: c[: len(c) // 2]),
    "zip: its end alone": _changed(_SOUND, lambda c: c[-22:]),
    "zip: a comment of 60 kB": _changed(_SOUND, lambda c: c[:-2] + b"\xff\xff" + b"PK\5\6" * 16_000),
    "zip: an unknown method": _changed(_SOUND, lambda c: c[:8] + b"\x63" + c[9:]),
    "zip: LZMA that asks for 4 GB": _changed(
        _zip(("rows.csv", _ROW), method=zipfile.ZIP_LZMA),
        lambda c: c.replace(c[43:47], b"\xff\xff\xff\xff", 1),
    ),
    "zip: archives in archives": _as("data.zip", _nested(3)),
    "zip: an archive of itself": _as("data.zip", _nested(20)),
    "zip: a program": _zip(("run.sh", b"#!/bin/sh\ntouch CANARY"), ("setup.py", b"raise SystemExit")),
    "zip: nothing": _zip(),
    "zip: images that are none": _zip(*((f"{c}/{i}.png", _PNG) for c in "ab" for i in range(6))),
    "zip: a list that names what is outside": _zip(
        ("metadata.csv", b"file_name,label\n../../../etc/passwd,a\n"), ("a.png", _PNG)
    ),
    "zip: a program in Python's clothes": _as("data.zip", b"PK\3\4" + os.urandom(2000)),
    "zip: a table": _as("data.zip", _ROW),
    "tar: a way out": _tar(("../canary", b"x"), ("rows.csv", _ROW)),
    "tar: an absolute path": _tar(("CANARY", b"x"), ("rows.csv", _ROW)),
    "tar: a way out, backwards": _tar(("..\\canary", b"x"), ("rows.csv", _ROW)),
    "tar: a symbolic link": _tar(_info("a.csv", tarfile.SYMTYPE, "/etc/passwd"), ("rows.csv", _ROW)),
    "tar: a link, and a file behind it": _tar(_info("a", tarfile.SYMTYPE, ".."), ("a/canary", b"x")),
    "tar: a hard link": _tar(_info("a.csv", tarfile.LNKTYPE, "/etc/passwd"), ("rows.csv", _ROW)),
    "tar: a hard link to the canary": _tar(_info("a.csv", tarfile.LNKTYPE, "CANARY"), ("rows.csv", _ROW)),
    "tar: a device": _tar(_info("a.csv", tarfile.CHRTYPE), ("rows.csv", _ROW)),
    "tar: a disk": _tar(_info("a.csv", tarfile.BLKTYPE), ("rows.csv", _ROW)),
    "tar: a pipe": _tar(_info("a.csv", tarfile.FIFOTYPE), ("rows.csv", _ROW)),
    "tar: a sparse file": _raw_tar(_header(kind=b"S") + b"\0" * 1024),
    "tar: an unknown kind": _raw_tar(_header(kind=b"Z") + b"\0" * 1024),
    "tar: a size below zero": _raw_tar(_header(size=b"\xff" * 12) + _ROW.ljust(1024, b"\0")),
    "tar: a size of 2**64": _raw_tar(_header(size=b"\x80" + b"\xff" * 11) + _ROW.ljust(1024, b"\0")),
    "tar: a size of 8 GB that is not there": _raw_tar(_header(size=b"77777777777\0") + b"\0" * 1024),
    "tar: a size that is no number": _raw_tar(_header(size=b"many\0\0\0\0\0\0\0\0") + b"\0" * 1024),
    "tar: a wrong checksum": _raw_tar(_header()[:148] + b"000000\0 " + b"\0" * 1024),
    "tar: a name that is no text": _raw_tar(_header(b"\xff\xfe/\xff.csv") + b"a,y\n1,2\n".ljust(1024, b"\0")),
    "tar: a long name of 1 GB": _raw_tar(_header(b"L", b"10000000000\0", b"L") + b"\0" * 1024),
    "tar: a name in an extended header that is none": _raw_tar(
        _header(b"x", b"00000000012\0", b"x") + b"99999 path=".ljust(1024, b"\0")
    ),
    "tar: nothing": _raw_tar(b"\0" * 10_240),
    "tar: noise": _raw_tar(b"\x01\x02\x03" * 5000),
    "tar.gz: a bomb of 3 GB": _gzip_bomb("data.tar.gz", 3072, _header(size=b"77777777777\0")),
    "tar.gz: an extended header of 2 GB": _gzip_bomb(
        "data.tar.gz", 2048, _header(b"x", b"17777777777\0", b"x")
    ),
    "tar.gz: a way out": _tar(("../canary", b"x"), ("rows.csv", _ROW), ending="tar.gz"),
    "tar.gz: a link": _tar(_info("a.csv", tarfile.SYMTYPE, "/etc/passwd"), ("rows.csv", _ROW), ending="tgz"),
    "tar.gz: cut off": _changed(_tar(("rows.csv", _ROW), ending="tar.gz"), lambda c: c[: len(c) // 2]),
    "tar.gz: another archive": _as("data.tar.gz", _nested(1)),
    "csv.gz: a bomb of 3 GB": _gzip_bomb("data.csv.gz", 3072, _ROW),
    "csv.gz: cut off": _as("data.csv.gz", gzip.compress(_ROW)[:-30]),
    "csv.gz: a wrong checksum": _as("data.csv.gz", gzip.compress(_ROW)[:-8] + b"\0" * 8),
    "csv.gz: gzip in gzip": _as("data.csv.gz", gzip.compress(gzip.compress(_ROW))),
    "csv.gz: bits behind it": _as("data.csv.gz", gzip.compress(_ROW) + b"\xff" * 100),
    "jsonl.gz: a bomb of 3 GB": _gzip_bomb("data.jsonl.gz", 3072, b"{}\n"),
    "idx.gz: a bomb of 3 GB": _gzip_bomb("train-images-idx3-ubyte.gz", 3072, b"\0\0\x08\x03"),
}


def cases() -> Iterator[Case]:
    for name, make in CASES.items():
        yield Case("archives", name, partial(_made, make), asking.prepare)


def _made(make: Callable[[Path], Path], folder: Path) -> Path:
    return make(folder)
