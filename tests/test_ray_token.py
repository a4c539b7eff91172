"""Ray's token: nobody but its user comes at it, and embedded Ray always asks for it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from automl.errors import RequestError
from automl.execution.ray_token import (
    MODE,
    TOKEN,
    TOKEN_PATH,
    check_shown_token,
    check_token,
    guarded,
    make_token,
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (MODE, TOKEN, TOKEN_PATH):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):o}"


def test_a_token_is_made_for_one_user_and_once(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = make_token(tmp_path / "new")
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent)) == ("600", "700")
    written = path.read_text()
    assert len(bytes.fromhex(written)) == 32
    assert make_token(tmp_path / "new").read_text() == written
    assert make_token(tmp_path / "other").read_text() != written


@pytest.mark.parametrize(("file", "folder"), [(0o644, 0o700), (0o640, 0o700), (0o600, 0o755), (0o600, 0o701)])
def test_a_token_that_others_can_come_at_is_refused(tmp_path: Path, file: int, folder: int) -> None:
    path = make_token(tmp_path / "new")
    path.chmod(file)
    path.parent.chmod(folder)
    with pytest.raises(RequestError, match=r"may come at .* Say: chmod (600|700) ") as refused:
        check_token(path)
    assert path.read_text() not in str(refused.value)
    with pytest.raises(RequestError):
        make_token(tmp_path / "new")


def test_a_token_of_somebody_else_or_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_token(tmp_path / "new")
    with pytest.raises(
        RequestError, match=r"cannot be used: No such file or directory\. Check RAY_AUTH_TOKEN_PATH"
    ):
        check_token(path.with_name("none"))
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(RequestError, match="belongs to another user"):
        check_token(path)


def test_the_token_that_is_shown_is_the_one_that_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_shown_token()  # there is none
    usual = tmp_path / "home" / ".ray" / "auth_token"
    usual.parent.mkdir(parents=True, mode=0o755)
    usual.write_text("x" * 64)
    with pytest.raises(RequestError, match=r"\.ray"):
        check_shown_token()
    monkeypatch.setenv(TOKEN_PATH, str(make_token(tmp_path / "new")))
    check_shown_token()
    monkeypatch.setenv(TOKEN_PATH, str(tmp_path / "none"))
    with pytest.raises(RequestError):
        check_shown_token()
    monkeypatch.setenv(MODE, "disabled")
    check_shown_token()  # none is shown


def test_ray_that_is_started_gets_a_token_of_its_own_for_as_long(tmp_path: Path) -> None:
    del tmp_path
    with guarded():
        path = Path(os.environ[TOKEN_PATH])
        assert os.environ[MODE] == "token"
        check_token(path)
        first = path.read_text()
    assert not path.parent.exists()
    assert (MODE in os.environ, TOKEN_PATH in os.environ) == (False, False)
    with guarded():
        assert Path(os.environ[TOKEN_PATH]).read_text() != first


def test_a_users_own_token_is_kept_and_no_token_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_token(tmp_path / "new")
    monkeypatch.setenv(TOKEN_PATH, str(path))
    with guarded():
        assert os.environ[TOKEN_PATH] == str(path)
    path.chmod(0o644)
    with pytest.raises(RequestError, match="chmod 600"), guarded():
        pass
    monkeypatch.setenv(TOKEN, "y" * 64)  # which counts before the file does
    with guarded():
        assert os.environ[MODE] == "token"
    monkeypatch.setenv(MODE, "disabled")
    with pytest.raises(RequestError, match=r"RAY_AUTH_MODE is 'disabled'\. Unset it"), guarded():
        pass


EMBEDDED = """
import os, subprocess, sys
from pathlib import Path
import ray
from automl.execution.cluster import connected
from automl.resolved import Search
class Small:
    n_workers = 1
    class spec:
        class resources:
            cpus = 1
for _ in range(2):  # one after another in one process, each with its own
    with connected(None, Small()):
        path = Path(os.environ["RAY_AUTH_TOKEN_PATH"])
        seen = ray.get(ray.remote(lambda: os.environ["RAY_AUTH_MODE"]).remote())
        print(oct(path.stat().st_mode & 0o777), oct(path.parent.stat().st_mode & 0o777), seen)
        address = ray.get_runtime_context().gcs_address
        other = {**os.environ, "RAY_AUTH_TOKEN": "f" * 64}
        stranger = f"import ray; ray.init(address={address!r}, _node_ip_address='127.0.0.1')"
        done = subprocess.run([sys.executable, "-c", stranger], env=other, capture_output=True, text=True)
        print(done.returncode != 0, "oken" in done.stderr)
"""


@pytest.mark.slow
def test_embedded_ray_refuses_who_has_no_token(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EMBEDDED],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=tmp_path,
        check=False,
    )
    assert done.stdout.split("\n")[:4] == ["0o600 0o700 token", "True True"] * 2, done.stderr[-2000:]
    assert not (tmp_path / "home" / ".ray" / "auth_token").exists()
