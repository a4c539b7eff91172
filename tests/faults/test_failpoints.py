"""The steps at which a test can end a process: each is come to, once, and leaves what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WRITES = """
import sys
from pathlib import Path
from automl.store.places.disk import DiskPlace
for name in ("first", "second"):
    (DiskPlace(Path(sys.argv[1])) / name).write_once(name.encode())
"""


def write(folder: Path, failpoint: str | None) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "AUTOML_FAILPOINT"}
    if failpoint is not None:
        environment["AUTOML_FAILPOINT"] = failpoint
    return subprocess.run([sys.executable, "-c", WRITES, folder], env=environment, check=False).returncode


@pytest.mark.parametrize(
    ("phase", "there", "unfinished"),
    [("before", False, False), ("written", False, True), ("placed", True, True), ("synced", True, False)],
)
def test_a_process_ends_at_its_step(tmp_path: Path, phase: str, there: bool, unfinished: bool) -> None:
    folder, mark = tmp_path / "store", tmp_path / "mark"
    failpoint = f"{phase} 1 */second {mark}"
    assert write(folder, failpoint) == 86
    assert mark.exists()
    assert (folder / "first").read_bytes() == b"first"
    assert (folder / "second").exists() == there
    assert any(file.name.startswith(".tmp-second") for file in folder.iterdir()) == unfinished
    (folder / "first").unlink()
    (folder / "second").unlink(missing_ok=True)
    assert write(folder, failpoint) == 0  # once is enough
    assert (folder / "second").read_bytes() == b"second"


def test_nothing_happens_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert write(tmp_path, None) == 0
    assert write(tmp_path / "other", f"before 3 */second {tmp_path / 'mark'}") == 0
    assert not (tmp_path / "mark").exists()
