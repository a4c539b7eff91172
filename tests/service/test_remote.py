"""The client: the same answers as from the store, and what it says where the service is not as it should be."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from service.conftest import Running

import automl
from automl import api
from automl.errors import NotFoundError, RequestError, UnreachableError
from automl.remote import Remote, connected
from automl.results import Results
from automl.service.serve import check_open
from benchmarks.faults.proxy import FlakyProxy


@pytest.fixture
def from_afar(running: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    monkeypatch.setenv("AUTOML_URL", running.url)
    monkeypatch.setenv("AUTOML_TOKEN", running.tokens["viewer"])
    return running


def test_tables_are_those_of_the_store(from_afar: Running) -> None:
    store = str(from_afar.store)
    name = from_afar.search_id
    assert api.leaderboard(name).equals(api.leaderboard(name, store=store))
    assert api.leaderboard(dataset="toy").equals(api.leaderboard(dataset="toy", store=store))
    assert api.trials(name).equals(api.trials(name, store=store))
    assert api.searches().equals(api.searches(store=store))
    assert api.searches(name)["search_id"].to_list() == [name]
    with pytest.raises(NotFoundError, match="There is no search 'toy-00000000'"):
        api.trials("toy-00000000")
    with pytest.raises(NotFoundError):
        api.leaderboard(dataset="none")


def test_logs_are_those_of_the_store(from_afar: Running) -> None:
    place = from_afar.store.search(from_afar.search_id).place / "logs" / "driver.log"
    place.write_over(b"one\ntwo\n")
    try:
        found = list(api.logs(from_afar.search_id))
        assert found == list(api.logs(from_afar.search_id, store=str(from_afar.store)))
        assert found == [("driver.log", b"one\ntwo\n")]
        with pytest.raises(NotFoundError):
            list(api.logs("none-00000000"))
    finally:
        place.remove()


def test_pulled_models_are_those_of_the_store(from_afar: Running, tmp_path: Path) -> None:
    automl.pull(from_afar.search_id, tmp_path / "far")
    automl.pull(from_afar.search_id, tmp_path / "near", store=str(from_afar.store))
    names = sorted(path.name for path in (tmp_path / "near").iterdir())
    assert sorted(path.name for path in (tmp_path / "far").iterdir()) == names
    for name in set(names) - {"manifest.json"}:
        assert (tmp_path / "far" / name).read_bytes() == (tmp_path / "near" / name).read_bytes()
    with pytest.raises(RequestError, match="exists and is not empty"):
        automl.pull(from_afar.search_id, tmp_path / "far")
    with pytest.raises(NotFoundError):
        automl.pull(f"{from_afar.search_id}/999", tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["far", "near"]


def test_the_base_package_is_enough(from_afar: Running, tmp_path: Path) -> None:
    script = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "ray", "optuna", "sklearn", "safetensors", "obstore", "fastapi"):
            raise ModuleNotFoundError(f"{name} is not in the base package", name=name)
sys.meta_path.insert(0, Refuse())
sys.argv = ["automl", *sys.argv[1:]]
from automl.cli import main
main()
"""
    for words in (
        ["status"],
        ["status", from_afar.search_id],
        ["leaderboard", from_afar.search_id],
        ["trials", from_afar.search_id],
        ["pull", from_afar.search_id, str(tmp_path / "model")],
    ):
        done = subprocess.run(
            [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, ""), words
        assert from_afar.search_id in done.stdout or "rank" in done.stdout or "trial" in done.stdout
    assert (tmp_path / "model" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("head:8700", "must be like https://head:8700"),
        ("ftp://head", "must be like"),
        ("http://head:8700", "is not encrypted"),
        ("http://127.0.0.1.example.org", "is not encrypted"),
    ],
)
def test_addresses_that_would_give_the_token_away_are_refused(url: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        Remote(url, "x")


def test_a_token_is_asked_for_and_never_shown(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_URL", running.url)
    monkeypatch.delenv("AUTOML_TOKEN", raising=False)
    with pytest.raises(RequestError, match="set AUTOML_TOKEN"):
        connected()
    assert connected("a-store") is None
    assert running.tokens["viewer"] not in repr(running.remote())
    with pytest.raises(RequestError) as refused:
        Remote(running.url, "secret\n")
    assert "secret" not in str(refused.value)
    with pytest.raises(RequestError, match="This needs a token that is valid"):
        Remote(running.url, "wrong").searches()


def test_a_service_that_is_away_is_said_so() -> None:
    with pytest.raises(UnreachableError, match="does not answer"):
        Remote("http://127.0.0.1:9", "x").searches()


def test_answers_that_are_lost_are_asked_for_again(running: Running, tmp_path: Path) -> None:
    host, port = running.url.removeprefix("http://").split(":")
    proxy = FlakyProxy((host, int(port)))
    try:
        remote = Remote(proxy.url, running.tokens["viewer"])
        proxy.set("lose_answers", lose=2)
        assert running.search_id in remote.searches()["search_id"]
        assert proxy.n_lost == 2
        proxy.set("lose_answers", lose=3)
        assert remote.pull(running.search_id, tmp_path / "model").is_dir()
    finally:
        proxy.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("0.0.0.0", None, None, False), "without encryption"),
        (("head.example.org", None, None, False), "without encryption"),
        (("127.0.0.1", Path("/c"), None, False), "takes both"),
        (("0.0.0.0", Path("/nonexistent/c"), Path("/nonexistent/k"), False), "There is no file"),
    ],
)
def test_a_service_that_would_stand_open_does_not_start(
    arguments: tuple[str, Path | None, Path | None, bool], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        check_open(*arguments)


def test_a_service_on_loopback_or_behind_a_proxy_may_start() -> None:
    for allowed in (
        ("127.0.0.1", None, None, False),
        ("::1", None, None, False),
        ("0.0.0.0", None, None, True),
    ):
        check_open(*allowed)


def test_serve_answers_and_ends_with_the_signal(tmp_path: Path, free_port: Callable[[], int]) -> None:
    import time

    import httpx

    port = free_port()
    command = [
        sys.executable,
        "-m",
        "automl.cli",
        "serve",
        "--store",
        str(tmp_path / "s"),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/v1/health").json() == {"status": "ok"}:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        assert httpx.get(f"http://127.0.0.1:{port}/v1/me").status_code == 401
        again = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert again.returncode == 2
        assert (
            f"A service runs over the store {tmp_path / 's'} already, at http://127.0.0.1:{port}."
            in again.stderr
        )
        command[command.index("--store") + 1] = str(tmp_path / "other")
        taken = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert taken.returncode == 3
        assert "is the port taken?" in taken.stderr
        assert "Traceback" not in taken.stderr
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[1]
    assert "Nobody has a token yet" in said
    assert "Traceback" not in said


def test_tokens_from_the_command_line(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "automl.cli", "token", *words, "--store", str(tmp_path / "s")]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    made = run("create", "ann", "--role", "submitter", "--expires", "12h")
    assert made.returncode == 0
    shown = made.stdout.strip()
    assert shown.startswith("automl_")
    assert "not shown again" in made.stderr
    listed = run("list")
    assert "ann" in listed.stdout
    assert shown.split("_", 2)[2] not in listed.stdout
    token_id = shown.split("_")[1]
    assert "valid no more" in run("revoke", token_id).stdout
    for words, message in (
        (("create", "ann", "--expires", "soon"), "--expires is a number with h, d or w"),
        (("create", "ann", "--role", "king"), "A role is one of"),
        (("revoke", "nothing"), "There is no token 'nothing'"),
    ):
        refused = run(*words)
        assert (refused.returncode, message in refused.stderr) == (2, True), refused.stderr


def test_a_service_answers_what_a_store_does() -> None:
    public = {
        name: value for name, value in vars(Results).items() if inspect.isfunction(value) and name[0] != "_"
    }
    assert set(public) >= {"searches", "trials", "leaderboard", "status", "pull"}
    for name, method in public.items():
        assert inspect.signature(getattr(Remote, name)) == inspect.signature(method), name
