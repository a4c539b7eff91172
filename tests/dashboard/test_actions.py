"""What users do from the pages: through a service, named or the dashboard's own, and never where they may not."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from service.conftest import serving
from streamlit.testing.v1 import AppTest
from toys import toy_spec

from automl.errors import RequestError, UnreachableError
from automl.execution.process_jobs import ProcessJobs
from automl.service.alone import alone, running_at
from automl.service.serve import configuration
from automl.service.tokens import Tokens
from automl.spec import parse_spec
from automl.store import open_store, reading
from dashboard import access, actions, own_service
from dashboard.entrance import OPEN, Entrance
from dashboard.own_service import OwnService

PAGE = """
from dashboard import account, actions
account.let_in()
def stop(remote):
    remote.stop({search_id!r})
    return "It stops."
actions.button("Stop", "submitter", stop, key="stop", icon=":material/stop:")
"""


@pytest.fixture(autouse=True)
def alone_in_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No service is named, and none that a test starts outlives it."""
    monkeypatch.delenv("AUTOML_URL", raising=False)
    monkeypatch.delenv("AUTOML_TOKEN", raising=False)
    monkeypatch.setenv("AUTOML_STORE", str(tmp_path / "store"))
    access.open_for(OPEN)
    yield
    own_service.stop_all()
    access.open_for(OPEN)


def page(search_id: str = "none-00000000") -> Any:
    """A page with a button, after one run."""
    app = AppTest.from_string(PAGE.format(search_id=search_id), default_timeout=120).run()
    assert not app.exception, app.exception
    return app


def until(what: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)


def state_of(store: Path, search_id: str) -> str:
    found = reading.searches(open_store(store)).collect()
    return str(dict(zip(found["search_id"], found["state"], strict=True)).get(search_id))


def test_looking_starts_no_service(tmp_path: Path) -> None:
    open_store(tmp_path / "store", create=True)
    app = page()
    assert not app.button(key="stop").disabled
    assert actions.service() is None
    assert actions.why_none() is None
    assert actions.state() == (
        "No service runs over this store yet: this dashboard starts one when a button needs it."
    )
    assert list((tmp_path / "store").rglob("*")) == []


def test_a_button_stops_a_search_that_went_on_while_no_dashboard_was_there(tmp_path: Path) -> None:
    store = tmp_path / "store"
    opened = open_store(store, create=True)
    remote = actions.started()
    assert remote.me()["user"] == getpass.getuser()
    assert running_at(opened) == str(remote)
    assert actions.state() == (
        f"Actions go through the service at {remote}, which this dashboard uses until it ends."
    )
    spec = parse_spec(
        toy_spec(
            tmp_path,
            families=["mlp"],
            budget={"trials": 500, "epochs": 50},
            resources={"workers": 1},
        )
    )
    search_id = remote.submit(spec)["search_id"]
    until(lambda: state_of(store, search_id) == "running")
    own_service.stop_all()
    assert running_at(opened) is None
    jobs = ProcessJobs(str(opened))
    assert jobs.running() == {search_id}
    app = page(search_id)
    app.button(key="stop").click().run()
    assert not app.exception
    assert not app.error
    assert app.toast[0].value == "It stops\\."
    until(lambda: state_of(store, search_id) == "stopped")
    until(lambda: not jobs.running())
    own_service.stop_all()
    assert running_at(opened) is None
    assert all(token.revoked_at is not None for token in Tokens(opened).list())


def test_one_that_was_begun_by_hand_is_stopped_by_hand(tmp_path: Path) -> None:
    opened = open_store(tmp_path / "store", create=True)
    opened.create_search("by-hand-00000000", {"a": 1})
    app = page("by-hand-00000000")
    app.button(key="stop").click().run()
    assert app.error[0].value.replace("\\", "") == (
        "The search by-hand-00000000 was begun by hand, and is stopped by hand: press Ctrl-C where it runs."
    )


def test_there_is_one_service_over_a_store(tmp_path: Path) -> None:
    opened = open_store(tmp_path / "store", create=True)
    first, second = OwnService(opened), OwnService(opened)
    try:
        there = first.started()
        assert first.started() is there
        other = second.started()
        assert str(other) == str(there)
        assert other.token != there.token
        second.stop()
        assert there.me()["role"] == "admin"
    finally:
        first.stop()
        second.stop()
    assert first.remote() is None


def test_a_second_service_is_refused_with_the_address_of_the_first(tmp_path: Path) -> None:
    opened = open_store(tmp_path / "store", create=True)
    assert running_at(opened) is None
    with alone(opened, "http://127.0.0.1:1234"):
        assert running_at(opened) == "http://127.0.0.1:1234"
        refused = pytest.raises(
            RequestError, match=r"over the store .* already, at http://127\.0\.0\.1:1234\. End"
        )
        with refused, alone(opened, "http://127.0.0.1:4321"):
            pass
    assert running_at(opened) is None


def test_it_ends_with_a_dashboard_that_is_killed(tmp_path: Path) -> None:
    store = tmp_path / "store"
    opened = open_store(store, create=True)
    program = (
        "import sys, time\nfrom automl.store import open_store\nfrom dashboard.own_service import OwnService\n"
        f"print(OwnService(open_store({str(store)!r})).started(), flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as dashboard:
        assert dashboard.stdout is not None
        assert dashboard.stdout.readline().startswith("http://127.0.0.1:")
        assert running_at(opened) is not None
        dashboard.kill()
    until(lambda: running_at(opened) is None, 20)


@pytest.mark.slow
def test_a_service_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_store(tmp_path / "store", create=True)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    own = OwnService(opened)
    said = rf"The service of this dashboard did not start over {opened}\. Ray at 127\.0\.0\.1:1 .* Check RAY_ADDRESS"
    with pytest.raises(UnreachableError, match=said):
        own.started()
    assert own.remote() is None
    assert all(token.revoked_at is not None for token in Tokens(opened).list())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_that_cannot_be_written_is_only_looked_at(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o500)
    assert page().button(key="stop").disabled


def test_every_reason_why_nothing_can_be_asked_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = page().button(key="stop")
    assert nowhere.disabled
    assert f"There is no store at {tmp_path / 'store'}" in nowhere.help.replace("\\", "").replace(
        "\u2060", ""
    )
    opened = open_store(tmp_path / "store", create=True)
    monkeypatch.setattr(own_service.os, "access", lambda *_: False)
    assert own_service.over(opened).why_none() == (
        f"The store {opened} cannot be written by {getpass.getuser()}: it can only be looked at."
    )
    access.open_for(Entrance("none", demo=True))
    assert actions.why_none() == actions.DEMO
    assert page().button(key="stop").disabled
    access.open_for(Entrance("token"))
    with pytest.raises(RequestError, match="You are signed out: reload the page to sign in"):
        actions.started()
    app = page()
    assert app.info[0].value == "You are signed out. Reload the page to sign in again."
    assert not app.button


def test_a_service_that_is_named_says_who_may_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "store", create=True)
    tokens = Tokens(store)
    with serving(configuration(store, "127.0.0.1", 0)) as url:
        monkeypatch.setenv("AUTOML_URL", url)
        assert "which wants a token: set AUTOML_TOKEN" in str(actions.why_none())
        monkeypatch.setenv("AUTOML_TOKEN", tokens.create("ann", "viewer", timedelta(hours=1))[0])
        assert access.user().name == "ann"
        assert page().button(key="stop").disabled
        assert access.why_not("submitter") == "This takes the role submitter; yours is viewer."
        monkeypatch.setenv("AUTOML_TOKEN", tokens.create("bob", "admin", timedelta(hours=1))[0])
        app = page()
        assert not app.button(key="stop").disabled
    app.button(key="stop").click().run()
    assert f"The service at {url} does not answer" in app.error[0].value.replace("\\", "").replace(
        "\u2060", ""
    )
    assert not app.exception


def test_who_an_identity_provider_knows_has_the_role_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "store", create=True)
    tokens = Tokens(store)
    tokens.create("ann@example.org", "submitter", timedelta(hours=1))
    access.open_for(Entrance("oidc"))
    with serving(configuration(store, "127.0.0.1", 0)) as url:
        monkeypatch.setenv("AUTOML_URL", url)
        monkeypatch.setenv("AUTOML_TOKEN", tokens.create("dash", "delegate", timedelta(hours=1))[0])
        app = AppTest.from_string(PAGE.format(search_id="none-00000000"), default_timeout=60)
        assert app.run().button(key="sign-in").label == "Sign in"
        for claims, words in (
            ({"email": "bob@example.org"}, "has no valid token here, which would say what they may do"),
            ({"email": "ann@example.org", "email_verified": False}, "nobody has verified the address"),
            ({"name": "ann"}, "gave no e-mail address"),
        ):
            app.user = {"is_logged_in": True, **claims}
            app.run()
            assert words in "".join(text.value for text in app.text)
            assert [button.key for button in app.button] == ["sign-out"]
        app.user = {"is_logged_in": True, "email": "ann@example.org", "email_verified": True}
        app.run()
        assert not app.exception
        assert not app.button(key="stop").disabled
        app.button(key="stop").click().run()
        assert "There is no search 'none-00000000'" in app.error[0].value.replace("\\", "")
