"""Images, recordings and texts that lie about themselves, in folders. A case is one entry of `CASES`."""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.hostile import asking
from benchmarks.hostile.case import Case, canary_of

_N = 6  # sound files a class


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(
    width: int, height: int, packed: bytes, before: bytes = b"", depth: int = 8, colour: int = 0
) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _with_chunks(kind: bytes, content: bytes, n_chunks: int = 1) -> bytes:
    """A sound image with chunks before its pixels."""
    return _png(8, 8, zlib.compress((b"\0" + bytes(range(8))) * 8), _chunk(kind, content) * n_chunks)


def _zeros(n_bytes: int) -> bytes:
    packed = zlib.compressobj(9)
    block = b"\0" * 2**20
    return b"".join(packed.compress(block) for _ in range(n_bytes >> 20)) + packed.flush()


def _plain_png() -> bytes:
    return _png(8, 8, zlib.compress((b"\0" + bytes(range(8))) * 8))


def _jpeg(width: int = 8, height: int = 8) -> bytes:
    """A JPEG image that says another size than it has."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("L", (8, 8), 128).save(out, "JPEG")
    content = bytearray(out.getvalue())
    place = content.index(b"\xff\xc0") + 5
    struct.pack_into(">2H", content, place, height, width)
    return bytes(content)


def _animated(n_frames: int) -> bytes:
    control = _chunk(b"acTL", struct.pack(">2I", n_frames, 0))
    return _png(8, 8, zlib.compress((b"\0" + bytes(range(8))) * 8), control)


def _wav(
    n_data: int, rate: int = 8000, channels: int = 1, bits: int = 16, form: int = 1, body: bytes | None = None
) -> bytes:
    """A recording whose head says what it likes."""
    content = (
        b"".join(struct.pack("<h", int(9000 * math.sin(i / 3))) for i in range(800)) if body is None else body
    )
    step = channels * bits // 8 & 0xFFFF
    form_chunk = struct.pack("<2H2I2H", form, channels, rate, rate * step & 0xFFFFFFFF, step, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + form_chunk + b"data" + struct.pack("<I", n_data) + content
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def _folder(
    name: str, content: bytes | Callable[[], bytes], others: Callable[[int], bytes] | None = None
) -> Callable[[Path], Path]:
    """Two classes of sound files, and a file that is not, in a folder."""

    def make(folder: Path) -> Path:
        data, ending = folder / "data", name.rsplit(".", 1)[-1]
        is_sound = ending in ("wav", "flac", "ogg")
        for label in ("a", "b"):
            (data / label).mkdir(parents=True)
            for i in range(_N):
                sound = _wav(1600) if is_sound else b"a text" if ending == "txt" else _plain_png()
                kind = "wav" if is_sound else "txt" if ending == "txt" else "png"
                (data / label / f"{i}.{kind}").write_bytes(sound if others is None else others(i))
        (data / "a" / name).write_bytes(content() if callable(content) else content)
        return data

    return make


def _linked(target: str, folder: Path) -> Path:
    data = _folder("x.png", _plain_png())(folder)
    (data / "a" / "link.png").symlink_to(target)
    return data


def _linked_images(folder: Path) -> Path:
    data = _folder("x.png", _plain_png())(folder)
    (data / "b").rename(folder / "outside")
    (data / "b").symlink_to(folder / "outside")
    return data


def _linked_folder(target: str, folder: Path) -> Path:
    data = _folder("x.png", _plain_png())(folder)
    (data / "c").symlink_to(target)
    return data


def _listed(text: str, folder: Path) -> Path:
    data = _folder("x.png", _plain_png())(folder)
    (data / "metadata.csv").write_text(text.replace("CANARY", str(canary_of(folder))))
    return data


def _deep(folder: Path) -> Path:
    path = folder / "data"
    for _ in range(300):
        path = path / "d"
    path.mkdir(parents=True)
    (path / "x.png").write_bytes(_plain_png())
    return folder / "data"


_HUGE = 2**31 - 1
_MANY_NAMES = "file_name,label\n" + "".join(f"{i}.png,a\n" for i in range(5000))
_NOT_FINITE = b"\0\0\xc0\x7f" * 400
_LONG_FLAC = b"fLaC\x80\0\0\x22\x10\0\x10\0" + b"\0" * 6 + b"\x0a\xc4\x42" + b"\xff" * 5 + b"\0" * 16
_FLAC = b"fLaC" + b"\x80\0\0\x22" + b"\xff" * 34

CASES: dict[str, Callable[[Path], Path]] = {
    "png: a bomb of 60,000 by 60,000": _folder("x.png", partial(_png, 60_000, 60_000, zlib.compress(b"\0"))),
    "png: 2**31 by 2**31": _folder("x.png", partial(_png, _HUGE, _HUGE, zlib.compress(b"\0"))),
    "png: one row of 2**31": _folder("x.png", partial(_png, _HUGE, 1, zlib.compress(b"\0"))),
    "png: 8,000 by 8,000 of which nothing is there": _folder("x.png", partial(_png, 8000, 8000, b"")),
    "png: no size": _folder("x.png", partial(_png, 0, 0, zlib.compress(b""))),
    "png: a text that is a bomb": _folder("x.png", lambda: _with_chunks(b"zTXt", b"a\0\0" + _zeros(300 * 2**20))),
    "png: a profile that is a bomb": _folder("x.png", lambda: _with_chunks(b"iCCP", b"a\0\0" + _zeros(300 * 2**20))),
    "png: 100,000 texts": _folder("x.png", lambda: _with_chunks(b"tEXt", b"a\0" + b"x" * 700, 100_000)),
    "png: cut off": _folder("x.png", lambda: _plain_png()[:48]),
    "png: its beginning alone": _folder("x.png", b"\x89PNG\r\n\x1a\n"),
    "png: a wrong checksum": _folder("x.png", lambda: _plain_png().replace(b"IHDR\0\0\0\x08", b"IHDR\0\0\0\x09")),
    "png: a chunk of 4 GB": _folder("x.png", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR"),
    "png: a depth of 77": _folder("x.png", partial(_png, 8, 8, zlib.compress(b"\0" * 72), b"", 77)),
    "png: a palette that is not there": _folder("x.png", partial(_png, 8, 8, zlib.compress(b"\0" * 71), b"", 8, 9)),
    "png: empty": _folder("x.png", b""),
    "png: a GIF": _folder("x.png", b"GIF89a\xff\xff\xff\xff\0\0\0;"),
    "png: FITS": _folder("x.png", b"SIMPLE  =                    T".ljust(2880)),
    "png: a TIFF": _folder("x.png", b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 100),
    "png: PostScript": _folder("x.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run"),
    "png: SVG": _folder("x.png", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "png: WebP": _folder("x.png", b"RIFF\xff\xff\xff\x7fWEBPVP8X" + b"\xff" * 100),
    "png: an icon": _folder("x.png", b"\0\0\1\0\1\0" + b"\xff" * 100),
    "png: a program": _folder("x.png", b"#!/bin/sh\ntouch CANARY\n"),
    "jpeg: a bomb of 65,500 by 65,500": _folder("x.jpg", partial(_jpeg, 65_500, 65_500)),
    "jpeg: cut off": _folder("x.jpg", lambda: _jpeg()[:150]),
    "jpeg: no size": _folder("x.jpg", partial(_jpeg, 0, 0)),
    "jpeg: its beginning alone": _folder("x.jpg", b"\xff\xd8\xff"),
    "jpeg: markers without end": _folder("x.jpg", b"\xff\xd8" + b"\xff\xe0\0\2" * 500_000),
    "jpeg: an Exif of noise": _folder("x.jpg", lambda: b"\xff\xd8\xff\xe1\xff\xffExif\0\0MM\0*" + b"\xff" * 65_000),
    "image: a link to passwords": partial(_linked, "/etc/passwd"),
    "image: a link to an endless file": partial(_linked, "/dev/zero"),
    "image: a folder of images that is a link": _linked_images,
    "image: a list that leaves the folder": partial(_listed, "file_name,label\n../../../etc/passwd,a\n"),
    "image: a list of an absolute path": partial(_listed, "file_name,label\n/etc/passwd,a\n"),
    "image: a list of what is not there": partial(_listed, _MANY_NAMES),
    "image: a list with NUL": partial(_listed, "file_name,label\na/\0.png,a\n"),
    "image: a list of nothing": partial(_listed, "file_name,label\n,a\n"),
    "image: a list of one class": partial(_listed, "file_name,label\n" + "a/1.png,a\n" * 20),
    "image: 300 folders deep": _deep,
    "wav: says 4 GB": _folder("x.wav", partial(_wav, 0xFFFFFFF0)),
    "wav: no samples": _folder("x.wav", partial(_wav, 0, body=b"")),
    "wav: 65,535 channels": _folder("x.wav", partial(_wav, 1600, channels=65_535)),
    "wav: no channels": _folder("x.wav", partial(_wav, 1600, channels=0)),
    "wav: 4 GHz": _folder("x.wav", partial(_wav, 1600, rate=0xFFFFFFFF)),
    "wav: no rate": _folder("x.wav", partial(_wav, 1600, rate=0)),
    "wav: 65,535 bits": _folder("x.wav", partial(_wav, 1600, bits=65_535)),
    "wav: an unknown form": _folder("x.wav", partial(_wav, 1600, form=0x7777)),
    "wav: samples that are not finite": _folder("x.wav", partial(_wav, 1600, bits=32, form=3, body=_NOT_FINITE)),
    "wav: chunks without end": _folder("x.wav", b"RIFF\xff\xff\xff\xffWAVE" + b"LIST\0\0\0\0" * 200_000),
    "wav: cut off": _folder("x.wav", lambda: _wav(1600)[:900]),
    "wav: empty": _folder("x.wav", b""),
    "wav: a program": _folder("x.wav", b"\x7fELF" + b"\0" * 5000),
    "flac: noise": _folder("x.flac", _FLAC + b"\xff" * 5000),
    "flac: its beginning alone": _folder("x.flac", b"fLaC"),
    "flac: 2**36 samples": _folder("x.flac", _LONG_FLAC),
    "ogg: noise": _folder("x.ogg", b"OggS\0\4" + b"\xff" * 5000),
    "ogg: its last page alone": _folder("x.ogg", b"OggS\0\4" + b"\0" * 20 + b"\1\1x"),
    "txt: NUL": _folder("x.txt", b"\0" * 5000),
    "txt: invalid UTF-8": _folder("x.txt", b"\xff\xfe\xfd"),
}  # fmt: skip

HARMLESS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "image: a folder that is a link": ("it has no images, and is left out", partial(_linked_folder, "/etc")),
    "image: a folder that is a link to everything": ("likewise", partial(_linked_folder, "/")),
    "png: 10**9 frames": ("the first is taken, and it is whole", _folder("x.png", partial(_animated, 10**9))),
    "png: a program behind it": (
        "nothing behind an image is read",
        _folder("x.png", lambda: _plain_png() + b"#!/bin/sh"),
    ),
    "txt: a text of 10 MB": ("longer texts are cut", _folder("x.txt", b"word " * 2_000_000)),
    "txt: markup": ("texts are shown as text", _folder("x.txt", b"<script>alert(1)</script> \x1b[31m")),
}


def cases() -> Iterator[Case]:
    for name, make in CASES.items():
        yield Case("media", name, make, asking.prepare)
    for name, (why, make) in HARMLESS.items():
        yield Case("media", name, make, asking.prepare, why)
