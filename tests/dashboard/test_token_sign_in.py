"""Signing in with a token of a service that really answers, and what comes of it when that changes."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard_gate import House, house
from service.conftest import serving

from automl.service.limits import Limits
from automl.service.serve import configuration
from automl.service.tokens import Tokens
from automl.store import open_store
from dashboard.entrance import Entrance
from dashboard.sessions import CHECK_SECONDS
from dashboard.web import sign_in

BY_TOKEN = Entrance("token", port=8502, key="a key")
NONE_SUCH = "automl_000000000000_" + "x" * 43


@dataclass
class Team:
    """A service and a dashboard beside it."""

    house: House
    tokens: Tokens

    def sign_in(self, token: str, **more: Any) -> Any:
        return self.house.ask("/sign-in", "POST", data={"token": token, **more})

    def problem(self, token: str) -> tuple[int, str]:
        answer = self.sign_in(token)
        found = re.search(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
        return answer.status_code, found[1] if found else ""


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    monkeypatch.setattr(sign_in, "FAILED_SECONDS", 0.01)
    monkeypatch.delenv("AUTOML_TOKEN", raising=False)
    store = open_store(tmp_path, create=True)
    config = configuration(store, "127.0.0.1", 0, limits=Limits(failed_logins=10**6))
    with serving(config) as url, house(BY_TOKEN) as found:
        monkeypatch.setenv("AUTOML_URL", url)
        yield Team(found, Tokens(store))


def test_a_token_lets_in_and_leads_on_and_is_nowhere_to_be_seen(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown, _ = team.tokens.create("ann", "submitter", timedelta(hours=1))
    answer = team.sign_in(f" {shown}\n", next="/search?id=a")
    assert 'content="0; url=/search?id=a"' in answer.text
    cookie = team.house.cookie(answer)
    assert team.house.ask("/", headers=cookie).text == "the page /"
    session = team.house.sessions.find(answer.cookies[BY_TOKEN.cookie])
    assert session is not None
    assert (session.user, session.role, session.token) == ("ann", "submitter", shown)
    secret = shown.split("_", 2)[2]
    assert secret not in answer.text + str(answer.headers) + repr(session) + caplog.text
    assert secret not in team.house.ask("/sign-in").text


def test_the_form_hides_what_is_typed(team: Team) -> None:
    form = team.house.ask("/sign-in").text
    assert 'name="token" type="password"' in form
    assert 'autocomplete="off"' in form
    assert "automl token create" in form


def test_wrong_tokens_are_refused_with_what_is_wrong(team: Team) -> None:
    of_dashboard, _ = team.tokens.create("dash", "delegate", timedelta(hours=1))
    gone, token = team.tokens.create("ann", "admin", timedelta(hours=1))
    team.tokens.revoke(token.id)
    unknown = "The service knows no such token, or it has expired or was revoked."
    assert team.problem(NONE_SUCH) == (403, unknown)
    assert team.problem(gone) == (403, unknown)
    assert team.problem("<b>\x00</b>")[0] == 403
    assert team.problem("<b>x</b>")[1] == "A token is one word of letters, digits and &#x27;_&#x27;."
    assert team.problem("")[0] == 403
    assert team.problem(of_dashboard) == (
        403,
        "The service says: This needs the role viewer, and the token of dash has the role delegate.",
    )


def test_a_link_is_no_way_in_beside_a_service(team: Team) -> None:
    answer = team.house.ask(f"/sign-in?ticket={team.house.ticket()}")
    assert "set-cookie" not in answer.headers


def test_a_revoked_token_ends_the_session_within_a_minute(team: Team) -> None:
    shown, token = team.tokens.create("ann", "admin", timedelta(hours=1))
    answer = team.sign_in(shown)
    cookie = team.house.cookie(answer)
    team.tokens.revoke(token.id)
    team.house.clock.now += CHECK_SECONDS + 1
    statuses = [team.house.ask("/", headers=cookie).status_code for _ in range(40)]
    assert statuses[0] == 200, "who is in is not kept waiting for the service"
    assert statuses[-1] == 303


def test_an_expired_token_ends_the_session(team: Team) -> None:
    shown, _ = team.tokens.create("ann", "viewer", timedelta(seconds=2))
    cookie = team.house.cookie(team.sign_in(shown))
    assert team.house.ask("/", headers=cookie).status_code == 200
    time.sleep(2.1)
    assert team.house.ask("/", headers=cookie).status_code == 303


def test_a_service_that_is_away_keeps_nobody_out_who_is_in_and_lets_nobody_in(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, _ = team.tokens.create("ann", "viewer", timedelta(hours=1))
    cookie = team.house.cookie(team.sign_in(shown))
    monkeypatch.setenv("AUTOML_URL", "http://127.0.0.1:1")
    team.house.clock.now += CHECK_SECONDS + 1
    assert [team.house.ask("/", headers=cookie).status_code for _ in range(20)] == [200] * 20
    status, said = team.problem(shown)
    assert status == 503
    assert said.startswith("The service at http://127.0.0.1:1 does not answer:")


def test_tokens_that_are_tried_hold_up_no_token_that_was_good(team: Team) -> None:
    shown, new = (team.tokens.create("ann", "viewer", timedelta(hours=1))[0] for _ in range(2))
    assert team.sign_in(shown).status_code == 200
    statuses = [team.sign_in(NONE_SUCH).status_code for _ in range(sign_in.MOST_FAILED + 1)]
    assert statuses == [403] * sign_in.MOST_FAILED + [429]
    assert team.sign_in(new).status_code == 429
    assert team.sign_in(shown).status_code == 200


def test_two_users_have_nothing_in_common(team: Team) -> None:
    shown = {name: team.tokens.create(name, "viewer", timedelta(hours=1))[0] for name in ("ann", "bob")}
    answers = {name: team.sign_in(token) for name, token in shown.items()}
    ids = {name: answer.cookies[BY_TOKEN.cookie] for name, answer in answers.items()}
    assert ids["ann"] != ids["bob"]
    team.house.sessions.end(ids["ann"])
    assert team.house.ask("/", headers=team.house.cookie(answers["ann"])).status_code == 303
    assert team.house.ask("/", headers=team.house.cookie(answers["bob"])).status_code == 200
