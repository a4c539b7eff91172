"""Bundles for the browser: whole, in parts, as an archive, and never altered ones."""

from __future__ import annotations

import doctest
import hashlib
import io
import json
import logging
import zipfile
from pathlib import Path

import dashboard_bundles as bundles
import dashboard_store as rows
import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard_bundles import HOUSES
from starlette.applications import Starlette
from starlette.testclient import TestClient

from automl.bundle_files import MANIFEST, WEIGHTS, verify, write_manifest
from automl.errors import BundleError
from automl.store import open_store
from dashboard.web import downloads

BIG = 3 * 2**20 + 17
AT = f"/download/{HOUSES}/17-0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows.write(tmp_path, [rows.search("houses"), *rows.entry(f"{HOUSES}/17", 0.3)])
    return bundles.place(tmp_path)


@pytest.fixture
def client(folder: Path) -> TestClient:
    return _client(folder.parents[5])


def _client(root: Path, may: bool = True) -> TestClient:
    return TestClient(Starlette(routes=downloads.routes(lambda: open_store(root), lambda _: may)))


def _has(folder: Path, n_bytes: int) -> bytes:
    """Makes the weights so large."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [n_bytes], "data_offsets": [0, n_bytes]}}).encode()
    content = (
        len(header).to_bytes(8, "little")
        + header
        + bytes(range(256)) * (n_bytes // 256)
        + bytes(n_bytes % 256)
    )
    (folder / WEIGHTS).write_bytes(content)
    write_manifest(folder)
    return content


def test_a_file_arrives_whole_with_safe_headers(client: TestClient, folder: Path) -> None:
    answer = client.get(f"{AT}/{WEIGHTS}")
    content = (folder / WEIGHTS).read_bytes()
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="model.safetensors"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'


def test_every_file_of_the_manifest_and_the_manifest_itself_can_be_had(
    client: TestClient, folder: Path
) -> None:
    for name in (*verify(folder)["files"], MANIFEST):
        assert client.get(f"{AT}/{name}").content == (folder / name).read_bytes()


def test_a_large_file_comes_in_pieces(client: TestClient, folder: Path) -> None:
    content = _has(folder, BIG)
    assert client.get(f"{AT}/{WEIGHTS}").content == content


def test_an_empty_file_is_empty(client: TestClient, folder: Path) -> None:
    (folder / "README.md").write_bytes(b"")
    write_manifest(folder)
    answer = client.get(f"{AT}/README.md")
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")
    assert client.get(f"{AT}/README.md", headers={"Range": "bytes=0-"}).status_code == 416


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=5-", 5, None), ("bytes=-7", -7, None), ("bytes=3-999999999", 3, None)],
)
def test_a_range_is_that_part(
    client: TestClient, folder: Path, asked: str, first: int, last: int | None
) -> None:
    content = (folder / WEIGHTS).read_bytes()
    part = content[first:] if last is None else content[first : last + 1]
    answer = client.get(f"{AT}/{WEIGHTS}", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, part)
    begin = first % len(content)
    assert answer.headers["Content-Range"] == f"bytes {begin}-{begin + len(part) - 1}/{len(content)}"


@pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=a-b"])
def test_a_range_of_another_form_is_the_whole_file(client: TestClient, folder: Path, asked: str) -> None:
    answer = client.get(f"{AT}/{WEIGHTS}", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, (folder / WEIGHTS).read_bytes())


def test_a_range_of_another_content_is_the_whole_file(client: TestClient) -> None:
    headers = {"Range": "bytes=5-", "If-Range": '"0000"'}
    assert client.get(f"{AT}/{WEIGHTS}", headers=headers).status_code == 200
    own = {"Range": "bytes=5-", "If-Range": client.head(f"{AT}/{WEIGHTS}").headers["ETag"]}
    assert client.get(f"{AT}/{WEIGHTS}", headers=own).status_code == 206


def test_a_range_behind_the_end_says_how_long_the_file_is(client: TestClient, folder: Path) -> None:
    n_bytes = (folder / WEIGHTS).stat().st_size
    answer = client.get(f"{AT}/{WEIGHTS}", headers={"Range": "bytes=99999999-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{n_bytes}")
    assert answer.text == f"The file has {n_bytes} bytes; ask for a range in it.\n"


def test_only_the_head_is_given_where_only_that_is_asked_for(client: TestClient, folder: Path) -> None:
    whole, part = (
        client.head(f"{AT}/{WEIGHTS}", headers=headers) for headers in ({}, {"Range": "bytes=0-9"})
    )
    assert (whole.status_code, whole.content) == (200, b"")
    assert whole.headers["Content-Length"] == str((folder / WEIGHTS).stat().st_size)
    assert (part.status_code, part.headers["Content-Length"]) == (206, "10")
    assert client.head(f"{AT}.zip").headers["Content-Length"] == str(len(client.get(f"{AT}.zip").content))


def test_the_archive_holds_every_file_as_it_is(client: TestClient, folder: Path, tmp_path: Path) -> None:
    _has(folder, BIG)
    answer = client.get(f"{AT}.zip")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{HOUSES}-17-0.zip"'
    assert answer.headers["Content-Length"] == str(len(answer.content))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        archive.extractall(tmp_path / "out")
    assert verify(tmp_path / "out" / f"{HOUSES}-17-0") == verify(folder)


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"{AT}/nothing.txt",
            f"{AT}/..",
            f"{AT}/%2e%2e%2f%2e%2e%2fsearch.json",
            f"{AT}/%00",
            f"{AT}/search.json",
        ),
        *("/download/../etc/17-0.zip", "/download/%2e%2e/17-0.zip", "/download/nobody-00000000/17-0.zip"),
        *(f"/download/{HOUSES}/99-0.zip", f"/download/{HOUSES}/17.zip", f"/download/{HOUSES}/nonsense.zip"),
    ],
)
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_a_search_that_is_not_there_is_named(client: TestClient) -> None:
    answer = client.get("/download/nobody-00000000/17-0.zip")
    assert answer.text.startswith("There is no search 'nobody-00000000' in the store")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nobody_gets_anything_who_may_not(folder: Path) -> None:
    closed = _client(folder.parents[5], may=False)
    for path in (f"{AT}.zip", f"{AT}/{WEIGHTS}", "/download/nobody-00000000/1-0.zip"):
        answer = closed.get(path)
        assert (answer.status_code, answer.text) == (403, "Sign in to the dashboard to download models.\n")


def test_a_small_altered_file_is_refused_in_words(client: TestClient, folder: Path) -> None:
    bundles.flip(folder / WEIGHTS)
    answer = client.get(f"{AT}/{WEIGHTS}")
    assert answer.status_code == 410
    assert (
        answer.text == f"model.safetensors in the bundle of {HOUSES}/17-0 is not the file that was saved.\n"
    )


@pytest.mark.parametrize("at", [200, -1])
def test_a_large_altered_file_never_arrives_whole(
    client: TestClient, folder: Path, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    content = _has(folder, BIG)
    bundles.flip(folder / WEIGHTS, at)
    received: list[bytes] = []
    with caplog.at_level(logging.ERROR), pytest.raises(BundleError, match="is not the file that was saved"):
        _receive(client, f"{AT}/{WEIGHTS}", received)
    assert len(b"".join(received)) < len(content)
    assert "model.safetensors of the bundle" in caplog.text


def _receive(client: TestClient, path: str, received: list[bytes]) -> None:
    with client.stream("GET", path) as answer:
        received.extend(answer.iter_raw())


def test_a_part_of_an_altered_file_is_refused(client: TestClient, folder: Path) -> None:
    _has(folder, BIG)
    assert client.get(f"{AT}/{WEIGHTS}", headers={"Range": "bytes=0-9"}).status_code == 206
    bundles.flip(folder / WEIGHTS)
    answer = client.get(f"{AT}/{WEIGHTS}", headers={"Range": "bytes=0-9"})
    assert answer.status_code == 410


def test_an_archive_with_an_altered_file_breaks_off(client: TestClient, folder: Path) -> None:
    _has(folder, BIG)
    bundles.flip(folder / WEIGHTS)
    with pytest.raises(BundleError, match="is not the file that was saved"):
        client.get(f"{AT}.zip")


def test_a_bundle_that_is_gone_says_so(client: TestClient, folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    assert (
        client.get(f"{AT}/{WEIGHTS}").text
        == f"The bundle of {HOUSES}/17-0 lacks its file model.safetensors.\n"
    )
    (folder / MANIFEST).unlink()
    answer = client.get(f"{AT}.zip")
    assert (answer.status_code, answer.text) == (410, f"The bundle of {HOUSES}/17-0 is not there any more.\n")


@pytest.mark.parametrize(
    "manifest",
    [
        b"not JSON",
        b"[]",
        b'{"format": 1}',
        b'{"files": {"../../search.json": {"bytes": 1, "sha256": "00"}}}',
        json.dumps({"files": {"..": {"bytes": 1, "sha256": "0" * 64}}}).encode(),
        json.dumps({"files": {"model.json": {"bytes": -1, "sha256": "0" * 64}}}).encode(),
    ],
)
def test_a_manifest_that_is_none_says_so(client: TestClient, folder: Path, manifest: bytes) -> None:
    (folder / MANIFEST).write_bytes(manifest)
    answer = client.get(f"{AT}.zip")
    assert answer.status_code == 410
    assert answer.text.startswith(f"The manifest of the bundle of {HOUSES}/17-0 is damaged")


def test_a_store_that_vanished_says_so(tmp_path: Path) -> None:
    answer = _client(tmp_path / "nowhere").get(f"{AT}.zip")
    assert (answer.status_code, answer.text.startswith("There is no store at ")) == (503, True)


def test_examples_of_addresses() -> None:
    assert doctest.testmod(downloads).failed == 0
