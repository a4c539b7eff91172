"""Archives: read as what they hold, and refused where a stranger could do harm with them."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.data import read
from automl.data.files import compressed, unpacking
from automl.data.files.inside import stays_inside
from automl.data.files.unpacking import unpack
from automl.data.raw import fingerprint
from automl.errors import DataError
from automl.spec import DataSpec

TABLE = b"a,b\n1,x\n2,y\n"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(DataSpec(path=str(path)))
    return str(caught.value)


@pytest.mark.parametrize("name", ["Some Data.zip", "Some Data.tar", "Some Data.tar.gz", "Some Data.tgz"])
def test_an_archive_is_the_file_that_it_holds(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain.csv").write_bytes(TABLE)
    make = zipped if name.endswith(".zip") else tarred
    path = make(tmp_path / name, {"data/table.csv": TABLE, "data/README.txt": b"notes", "__MACOSX/x": b""})
    raw = read(DataSpec(path=str(path)))
    assert (raw.name, raw.frame.to_dict(as_series=False)) == ("some-data", {"a": [1, 2], "b": ["x", "y"]})
    assert raw.notes == ("left out of the archive: README.txt",)
    assert fingerprint(raw) == fingerprint(read(DataSpec(path=str(tmp_path / "plain.csv"))))


def test_an_archive_is_the_folder_that_it_holds(tmp_path: Path) -> None:
    members = {f"all/{label}/{i}.txt": f"{label} {i}".encode() for label in "ab" for i in range(3)}
    raw = read(DataSpec(path=str(zipped(tmp_path / "texts.zip", members))))
    assert (raw.name, raw.kind, raw.target, len(raw)) == ("texts", "text", "label", 6)
    listed = {"metadata.csv": b"file,label\n0.txt,a\n1.txt,b\n", "0.txt": b"one", "1.txt": b"two"}
    raw = read(DataSpec(path=str(zipped(tmp_path / "listed.zip", listed))))
    assert raw.frame.to_dict(as_series=False) == {"label": ["a", "b"], "text": ["one", "two"]}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"a.csv": TABLE, "b.csv": TABLE},
            "{path} should hold one file of data, or a folder of images, recordings or texts, but it holds 2 "
            "files of data: a.csv, b.csv. Give one of them.",
        ),
        (
            {},
            "{path} should hold one file of data, or a folder of images, recordings or texts, but it holds 0 "
            "files of data: nothing. Give one of them.",
        ),
        (
            {"data/in.tar.gz": b""},
            "{path} holds another archive, in.tar.gz. Unpack it, and give what it holds.",
        ),
        (
            {"in/a.csv": b"a,a\n1,2\n"},
            "{path}: in/a.csv has more than one column named a. Every name in its first line must be different; if "
            "that line is data, add a header line.",
        ),
        (
            {"../a.csv": TABLE},
            "{path} holds '../a.csv', which leaves the archive. Make the archive again with plain files and "
            "relative paths.",
        ),
        (
            {"/etc/a.csv": TABLE},
            "{path} holds '/etc/a.csv', which leaves the archive. Make the archive again with plain files and "
            "relative paths.",
        ),
        (
            {"x": TABLE, "x/a.csv": TABLE},
            "{path} cannot be unpacked (File exists). Unpack it yourself and give the folder.",
        ),
    ],
)
@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_archives_that_hold_no_one_thing_are_refused(
    tmp_path: Path, members: dict[str, bytes], message: str, ending: str
) -> None:
    make = zipped if ending == ".zip" else tarred
    path = make(tmp_path / f"a{ending}", members)
    assert refused(path) == message.format(path=path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zip_file:
        zip_file.writestr(link, "/etc/passwd")
    assert refused(tmp_path / "a.zip") == (
        f"{tmp_path / 'a.zip'} holds 'a.csv', which is a link. Make the archive again with plain files and "
        "relative paths."
    )
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        info = tarfile.TarInfo("a.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        with tarfile.open(tmp_path / "a.tar", "w") as tar_file:
            tar_file.addfile(info)
        assert refused(tmp_path / "a.tar") == (
            f"{tmp_path / 'a.tar'} holds 'a.csv', which is no plain file. Make the archive again with plain files "
            "and relative paths."
        )


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": TABLE})
    content = bytearray(path.read_bytes())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flags in both heads of the member
        content[content.index(magic) + place] |= 1
    path.write_bytes(content)
    assert refused(path) == (
        f"{path} holds 'a.csv', which is encrypted. Make the archive again with plain files and relative paths."
    )


def test_archives_that_are_cut_off_or_none_are_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(5000).hex().encode()
    for name in ("a.zip", "a.tar.gz", "a.tar"):
        path = (zipped if name.endswith("zip") else tarred)(tmp_path / name, {"a.csv": noise})
        path.write_bytes(path.read_bytes()[:3000])
        said = refused(path)
        assert said.startswith(f"{path} is an archive that is cut off, damaged or of an unknown form (")
        assert said.endswith("). Fetch or make it again.")
        path.write_bytes(b"\x89PNG")
        kind = "ZIP" if name.endswith("zip") else "TAR"
        assert refused(path) == f"{path} should be a {kind} archive, but it is a PNG image. Check the file."


def test_bombs_are_refused_before_they_fill_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "RATIO_FROM", 1_000_000)
    content = b"a,b\n" + b"1,2\n" * 1_000_000
    beyond = (
        "and at most 20 GB are taken, or 100 times its size beyond 1 MB. If it is sound, unpack it yourself and "
        "give what it holds."
    )
    for name in ("a.zip", "a.tar.gz"):
        path = (zipped if name.endswith("zip") else tarred)(tmp_path / name, {"a.csv": content})
        size = f"{path.stat().st_size / 1000:.3g} kB"
        said = refused(path)
        assert said == f"{path} holds more than may come out of it: at least 4 MB in {size}, {beyond}"
    lines = tmp_path / "a.jsonl.gz"
    table = tmp_path / "a.csv.gz"
    for path in (table, lines):
        path.write_bytes(gzip.compress(content))
        size = f"{path.stat().st_size / 1000:.3g} kB"
        said = refused(path)
        assert said == f"{path} holds more than may come out of it: at least 1.05 MB in {size}, {beyond}"
    arrays = tmp_path / "a.npz"
    np.savez_compressed(arrays, x=np.zeros((1000, 2000), np.uint8), y=np.zeros(1000))
    assert refused(arrays).startswith(f"{arrays} holds more than may come out of it: at least 2.01 MB in ")


def test_a_member_that_is_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": b"a,b\n" + b"1,2\n" * 1000})
    content = bytearray(path.read_bytes())
    for magic, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # its size in both heads
        start = content.index(magic) + place
        content[start : start + 4] = struct.pack("<I", 8)
    path.write_bytes(content)
    assert refused(path) == (
        f"{path} is an archive that is cut off, damaged or of an unknown form (Bad CRC-32 for file 'a.csv'). Fetch "
        "or make it again."
    )


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 3)
    path = zipped(tmp_path / "a.zip", {f"{i}.txt": b"" for i in range(4)})
    assert refused(path) == f"{path} holds more than 3 files; unpack it yourself and give the folder."


names = st.lists(
    st.sampled_from(["..", ".", "a", "b", "", "C:", "a\\..", "..\\x", "\0"]), min_size=1, max_size=5
).map("/".join)


@given(names)
def test_what_stays_inside_does(name: str) -> None:
    if stays_inside(name):
        folder = Path("/some/folder")
        assert (folder / name.replace("\\", "/")).resolve().is_relative_to(folder)


@given(st.lists(names, min_size=1, max_size=3), st.sampled_from(["a.zip", "a.tar.gz"]))
def test_unpacking_never_writes_outside(
    tmp_path_factory: pytest.TempPathFactory, members: list[str], name: str
) -> None:
    root = tmp_path_factory.mktemp("archive")
    path = (zipped if name.endswith("zip") else tarred)(
        root / name, {member: b"x" for member in members if member.split("\0")[0]}
    )
    target = root / "one/two/three"
    target.mkdir(parents=True)
    with suppress(DataError):
        unpack(path, target)
    outside = [file for file in root.rglob("*") if file.is_file() and not file.is_relative_to(target)]
    assert outside == [path]


@given(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(["a.zip", "a.tar.gz", "a.tar"]))
def test_damage_anywhere_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int, name: str
) -> None:
    root = tmp_path_factory.mktemp("archive")
    path = (zipped if name.endswith("zip") else tarred)(root / name, {"a.csv": TABLE * 9, "b/c.txt": b"text"})
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(content)
    (root / "target").mkdir()
    with suppress(DataError):
        unpack(path, root / "target")
