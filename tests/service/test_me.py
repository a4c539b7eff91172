"""Who one is to the service, and delegates, who speak for others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from service.conftest import Running, call

from automl.errors import RequestError, TokenError, UnreachableError
from automl.remote import Remote
from automl.service.tokens import Tokens

HOUR = timedelta(hours=1)
MAIL = "ann+x@example.org"


@pytest.fixture
def delegate(running: Running) -> str:
    return Tokens(running.store).create("the-dashboard", "delegate", HOUR)[0]


def events(running: Running) -> list[dict[str, str]]:
    found = call(running, "GET", f"/v1/audit/{datetime.now(UTC):%Y-%m-%d}", "admin").json()
    assert isinstance(found, list)
    return found


def test_the_service_says_who_one_is(running: Running) -> None:
    me = running.remote("submitter").me()
    assert (me["user"], me["role"]) == ("a-submitter", "submitter")
    assert datetime.fromisoformat(me["expires_at"]) > datetime.now(UTC)
    assert not {"token", "digest", "secret"} & set(me)


def test_a_token_that_is_not_valid_is_told_from_a_service_that_is_away(running: Running) -> None:
    with pytest.raises(TokenError, match="This needs a token that is valid"):
        Remote(running.url, "automl_000000000000_" + "x" * 43).me()
    with pytest.raises(UnreachableError, match="does not answer"):
        Remote("http://127.0.0.1:1", "x").me(1.0)


def test_a_delegate_speaks_for_users_with_the_best_of_their_own_tokens(
    running: Running, delegate: str
) -> None:
    tokens = Tokens(running.store)
    tokens.create("bea", "viewer", HOUR * 5)
    shown, best = tokens.create("bea", "author", HOUR)
    bea = Remote(running.url, delegate, "bea")
    assert (bea.me()["user"], bea.me()["role"], bea.me()["id"]) == ("bea", "author", best.id)
    tokens.revoke(best.id)
    assert bea.me()["role"] == "viewer"
    with pytest.raises(TokenError):
        Remote(running.url, shown).me()


def test_a_delegate_is_nobody_by_itself(running: Running, delegate: str) -> None:
    with pytest.raises(
        RequestError,
        match="This needs the role viewer, and the token of the-dashboard has the role delegate",
    ):
        Remote(running.url, delegate).me()


@pytest.mark.parametrize("name", ["nobody", MAIL, "", "the-dashboard", "../../x", "é\r\nX: 1", "x" * 5000])
def test_a_delegate_speaks_for_nobody_without_a_valid_token(
    running: Running, delegate: str, name: str
) -> None:
    with pytest.raises(RequestError, match="has no valid token here, which would say what they may do"):
        Remote(running.url, delegate, name).me()


def test_a_name_with_signs_arrives_as_it_is(running: Running, delegate: str) -> None:
    Tokens(running.store).create("dan.x@example.org", "viewer", HOUR)
    assert Remote(running.url, delegate, "dan.x@example.org").me()["user"] == "dan.x@example.org"


def test_only_delegates_speak_for_others(running: Running) -> None:
    for role in ("viewer", "submitter", "author", "admin"):
        told = call(running, "GET", "/v1/me", role, headers={"X-Automl-User": "a-viewer"}).json()
        assert told["user"] == f"a-{role}"


def test_tokens_and_the_audit_log_take_a_token_of_ones_own(running: Running, delegate: str) -> None:
    headers = {"Authorization": f"Bearer {delegate}", "X-Automl-User": "a-admin"}
    for method, path in (
        ("GET", "/v1/tokens"),
        ("POST", "/v1/tokens"),
        ("DELETE", f"/v1/tokens/{'0' * 12}"),
        ("GET", "/v1/audit/2026-01-01"),
    ):
        answer = call(running, method, path, headers=headers, json={})
        assert answer.status_code in (403, 422), (method, path)
        assert answer.json()["error"]["message"] == "This takes a token of the user's own, not a delegate's."


def test_what_is_done_through_a_delegate_is_written_down_with_both_names(
    running: Running, delegate: str
) -> None:
    Remote(running.url, delegate, "a-submitter").stop(running.search_id)
    with pytest.raises(RequestError, match="needs the role submitter"):
        Remote(running.url, delegate, "a-viewer").stop(running.search_id)
    found = events(running)
    stopped = [event for event in found if event["event"] == "stopped"]
    assert stopped[-1]["user"] == "a-submitter via the-dashboard"
    refused = [event for event in found if event["event"] == "refused"]
    assert refused[-1]["user"] == "a-viewer via the-dashboard"
    assert delegate.split("_", 2)[2] not in json.dumps(found)
