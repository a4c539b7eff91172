"""Models on their way: never whole in memory, whole on the disk or not there at all, whatever breaks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from service.conftest import Running, serving

from automl.bundle_files import WEIGHTS, write_manifest
from automl.errors import BundleError
from automl.remote import Remote
from automl.service.serve import configuration
from automl.service.tokens import Tokens
from automl.store import open_store
from automl.store.pulling import bundle_of
from benchmarks.faults.proxy import FlakyProxy

BIG = 40 * 2**20
SOME = 8 * 2**20
MOST_GROWTH = 20 * 2**20


@dataclass
class Serving:
    """A service whose model is as large as a test wants it, and the ranges that it was asked for."""

    url: str
    remote: Remote
    search_id: str
    bundle: Path
    ranges: list[str] = field(default_factory=list)

    def has(self, n_bytes: int) -> None:
        """Makes the weights of the model so large."""
        header = json.dumps({"w": {"dtype": "U8", "shape": [n_bytes], "data_offsets": [0, n_bytes]}}).encode()
        with (self.bundle / WEIGHTS).open("wb") as out:
            out.write(len(header).to_bytes(8, "little") + header)
            for number in range(n_bytes // 2**20):
                out.write(bytes([number % 256]) * 2**20)
        write_manifest(self.bundle)


@pytest.fixture
def large(running: Running, tmp_path: Path) -> Iterator[Serving]:
    shutil.copytree(str(running.store), tmp_path / "store")
    store = open_store(tmp_path / "store")
    bundle = bundle_of(store, running.search_id).on_disk()
    assert bundle is not None
    config = configuration(store, "127.0.0.1", 0)
    config.load()
    inner, ranges = config.loaded_app, []

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        ranges.extend(value.decode() for name, value in scope.get("headers", []) if name == b"range")
        await inner(scope, receive, send)

    config.loaded_app = counted
    token = Tokens(store).create("ann", "viewer", timedelta(hours=1))[0]
    with serving(config) as url:
        yield Serving(url, Remote(url, token), running.search_id, bundle, ranges)


def test_neither_side_holds_a_model_in_memory(large: Serving, tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from automl.remote import Remote
def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
url, token, search_id, folder = sys.argv[1:]
remote = Remote(url, token)
remote.status(search_id)
before = memory("VmRSS")
remote.pull(search_id, Path(folder))
print(memory("VmHWM") - before)
"""
    large.has(2**20)
    large.remote.pull(large.search_id, tmp_path / "small")  # so that everything is imported
    large.has(BIG)
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
    before = memory("VmRSS")
    words = [large.url, large.remote.token, large.search_id, str(tmp_path / "big")]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "big" / WEIGHTS).stat().st_size > BIG
    assert memory("VmHWM") - before < MOST_GROWTH
    assert int(done.stdout) < MOST_GROWTH


def memory(name: str) -> int:
    """Bytes of this process."""
    found = re.search(rf"^{name}:\s+([0-9]+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def test_a_download_that_breaks_goes_on_where_it_was(large: Serving, tmp_path: Path) -> None:
    large.has(SOME)
    host, port = large.url.removeprefix("http://").split(":")
    proxy = FlakyProxy((host, int(port)), delay=0.01)
    done = threading.Event()

    def cut() -> None:
        scratch = None
        for _ in range(3):
            while not done.is_set() and (scratch is None or not scratch.exists()):
                scratch = next(iter(tmp_path.glob(f".automl-pull-*/{WEIGHTS}")), None)
                time.sleep(0.01)
            while not done.is_set() and scratch is not None and scratch.stat().st_size < SOME // 8:
                time.sleep(0.01)
            proxy.cut()
            done.wait(0.3)

    try:
        proxy.set("slow")
        threading.Thread(target=cut, daemon=True).start()
        Remote(proxy.url, large.remote.token).pull(large.search_id, tmp_path / "model")
    finally:
        done.set()
        proxy.close()
    assert large.ranges
    assert all(int(re.fullmatch(r"bytes=([0-9]+)-", asked)[1]) > 0 for asked in large.ranges)  # type: ignore[index]
    assert (tmp_path / "model" / WEIGHTS).read_bytes() == (large.bundle / WEIGHTS).read_bytes()


@pytest.mark.parametrize("change", ["flip", "shorten", "remove"])
def test_a_model_that_is_not_as_its_manifest_says_is_not_kept(
    large: Serving, tmp_path: Path, change: str
) -> None:
    large.has(2**20)
    weights = large.bundle / WEIGHTS
    if change == "flip":
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
    elif change == "shorten":
        os.truncate(weights, 1000)
    else:
        weights.unlink()
    with pytest.raises(Exception, match=r"SHA-256 differs|does not answer|not there any more") as refused:
        large.remote.pull(large.search_id, tmp_path / "model")
    assert "automl.errors" in type(refused.value).__module__
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]


@pytest.mark.parametrize(
    "files",
    [
        {"../x": {"bytes": 1, "sha256": ""}},
        {".x": {"bytes": 1, "sha256": ""}},
        {WEIGHTS: {"bytes": -1, "sha256": ""}},
        {WEIGHTS: {"bytes": "1", "sha256": ""}},
        {WEIGHTS: {"bytes": 2**60, "sha256": ""}},
    ],
)
def test_a_manifest_that_cannot_be_is_refused_before_anything_is_fetched(
    large: Serving, tmp_path: Path, files: dict[str, Any]
) -> None:
    (large.bundle / "manifest.json").write_text(json.dumps({"format": 1, "files": files}))
    with pytest.raises(BundleError):
        large.remote.pull(large.search_id, tmp_path / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]


def test_a_part_is_streamed_as_well(large: Serving) -> None:
    large.has(SOME)
    url = f"{large.url}/v1/searches/{large.search_id}/bundle/{WEIGHTS}"
    headers = {"Authorization": f"Bearer {large.remote.token}", "Range": f"bytes=3000000-{3000000 + 2**21}"}
    answer = httpx.get(url, headers=headers, timeout=60)
    assert answer.status_code == 206
    assert answer.content == (large.bundle / WEIGHTS).read_bytes()[3000000 : 3000000 + 2**21 + 1]
