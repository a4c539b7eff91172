"""The service as clients meet it: every route against every role, and requests that are wrong."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from service.conftest import Running, call

from automl.execution.process_jobs import ProcessJobs
from automl.service.access import PUBLIC, ROLE
from automl.service.app import MOST_BYTES, build
from automl.service.capacity import Capacity
from automl.service.roles import ROLES, Role, allows
from automl.service.tokens import Tokens


def all_routes(running: Running) -> list[tuple[str, str, Role | None]]:
    """Method, path and role of every route, as the application was built."""
    found = []
    for route in build(running.store, ProcessJobs(str(running.store)), Capacity()).state.routes:
        for method in sorted(route.methods):
            found.append((method, route.path, (route.openapi_extra or {}).get(ROLE)))
    return found


def filled(running: Running, path: str) -> str:
    names = {
        "digest": "0" * 64,
        "search_id": running.search_id,
        "name": "model.json",
        "work": "0",
        "token_id": "0" * 12,
        "day": "2026-01-01",
    }
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, f"the test does not know how to fill {path}"
    return path


def test_every_route_names_its_role_or_is_known_to_be_public(running: Running) -> None:
    routes = all_routes(running)
    assert len(routes) > 8
    assert {path for _, path, role in routes if role is None} == set(PUBLIC)
    assert {role for _, _, role in routes if role is not None} <= set(ROLES)


def test_every_route_lets_in_whom_it_says_and_nobody_else(running: Running) -> None:
    for method, path, needed in all_routes(running):
        if needed is None:
            continue
        for shown in (None, "x", "automl_000000000000_" + "x" * 43):
            headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
            answer = call(running, method, filled(running, path), headers=headers)
            assert answer.status_code == 401, (method, path, shown)
            assert answer.headers["www-authenticate"] == "Bearer"
        for role in ROLES:
            answer = call(running, method, filled(running, path), role)
            refused = answer.status_code == 403 and "belongs to" not in answer.text
            assert refused != allows(role, needed), (method, path, role, answer.text)
            assert answer.status_code < 500


def test_expired_and_revoked_tokens_let_nobody_in(running: Running) -> None:
    tokens = Tokens(running.store)
    long_ago = datetime.now(UTC) - timedelta(days=2)
    expired, _ = tokens.create("old", "admin", timedelta(days=1), long_ago)
    revoked, token = tokens.create("gone", "admin", timedelta(days=1))
    tokens.revoke(token.id)
    for shown in (expired, revoked):
        headers = {"Authorization": f"Bearer {shown}"}
        assert call(running, "GET", "/v1/me", headers=headers).status_code == 401


def test_a_token_in_the_address_or_a_cookie_counts_for_nothing(running: Running) -> None:
    shown = running.tokens["admin"]
    assert call(running, "GET", f"/v1/me?token={shown}&access_token={shown}").status_code == 401
    assert call(running, "GET", "/v1/me", headers={"Cookie": f"token={shown}"}).status_code == 401
    assert call(running, "GET", "/v1/me", headers={"Authorization": f"Basic {shown}"}).status_code == 401


def test_tokens_are_made_and_revoked_by_admins_and_that_is_written_down(running: Running) -> None:
    made = call(
        running, "POST", "/v1/tokens", "admin", json={"user": "bob", "role": "viewer", "seconds": 60.0}
    )
    assert made.status_code == 201
    shown, token_id = made.json()["token"], made.json()["id"]
    headers = {"Authorization": f"Bearer {shown}"}
    assert call(running, "GET", "/v1/me", headers=headers).json()["user"] == "bob"
    listed = call(running, "GET", "/v1/tokens", "admin")
    assert shown.split("_", 2)[2] not in listed.text
    assert "digest" not in listed.text
    assert call(running, "DELETE", f"/v1/tokens/{token_id}", "admin").status_code == 200
    assert call(running, "GET", "/v1/me", headers=headers).status_code == 401
    events = call(running, "GET", f"/v1/audit/{datetime.now(UTC):%Y-%m-%d}", "admin").json()
    of_it = [event for event in events if event.get("token") == token_id]
    assert [(event["event"], event["user"]) for event in of_it] == [
        ("token created", "a-admin"),
        ("token revoked", "a-admin"),
    ]
    assert shown.split("_", 2)[2] not in json.dumps(events)


def test_files_of_a_bundle_come_whole_and_by_ranges(running: Running) -> None:
    base = f"/v1/searches/{running.search_id}/bundle"
    files = call(running, "GET", base, "viewer").json()["manifest"]["files"]
    whole = call(running, "GET", f"{base}/model.safetensors", "viewer")
    assert sha256(whole.content).hexdigest() == files["model.safetensors"]["sha256"]
    assert whole.headers["x-sha256"] == files["model.safetensors"]["sha256"]
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["x-content-type-options"] == "nosniff"
    n = len(whole.content)
    for asked, first, last in (("0-0", 0, 0), ("3-", 3, n - 1), (f"2-{n + 9}", 2, n - 1), ("5-9", 5, 9)):
        headers = {"Range": f"bytes={asked}"}
        part = call(running, "GET", f"{base}/model.safetensors", "viewer", headers=headers)
        assert (part.status_code, part.content) == (206, whole.content[first : last + 1])
        assert part.headers["content-range"] == f"bytes {first}-{last}/{n}"
    for asked in (
        f"bytes={n}-",
        "bytes=9-3",
        "bytes=-5",
        "lines=1-2",
        "bytes=" + "9" * 30 + "-",
        "bytes=0-1,3-4",
    ):
        part = call(running, "GET", f"{base}/model.safetensors", "viewer", headers={"Range": asked})
        assert part.status_code == 416, asked


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/searches/none-00000000/trials", 404),
        ("/v1/searches/..%2f..%2fetc/trials", 404),
        ("/v1/searches/%00/trials", 404),
        ("/v1/searches/" + "x" * 5000 + "/trials", 404),
        ("/v1/searches/SEARCH/bundle?trial=999", 404),
        ("/v1/searches/SEARCH/bundle?trial=../..", 404),
        ("/v1/searches/SEARCH/bundle/..%2f..%2fsearch.json", 404),
        ("/v1/searches/SEARCH/bundle/%2e%2e", 404),
        ("/v1/searches/SEARCH/bundle/other.bin", 404),
        ("/v1/leaderboard?metric=nonsense", 404),
        ("/v1/leaderboard?dataset=nonsense", 404),
        ("/v1/leaderboard?dataset=" + "x" * 300, 422),
        ("/v1/audit/2026-13-99x", 422),
        ("/v1/audit/..%2ftokens", 404),
        ("/v1/nothing", 404),
        ("/docs", 404),
        ("/openapi.json", 404),
    ],
)
def test_what_is_not_there_is_answered_in_a_paragraph(running: Running, path: str, status: int) -> None:
    answer = call(running, "GET", path.replace("SEARCH", running.search_id), "admin")
    assert answer.status_code == status, answer.text
    message = answer.json()["error"]["message"]
    assert message
    assert "Traceback" not in answer.text
    assert len(answer.text) < 3000


def test_bodies_that_are_too_large_or_do_not_say_are_refused_unread(running: Running) -> None:
    url, headers = f"{running.url}/v1/tokens", {"Authorization": f"Bearer {running.tokens['admin']}"}
    assert httpx.post(url, content=b"x" * (MOST_BYTES + 1), headers=headers).status_code == 413
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection(
        (host, int(port)), timeout=10
    ) as lied:  # ten gigabytes, of which none is sent
        lied.sendall(b"POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n")
        assert lied.recv(100).startswith(b"HTTP/1.1 413 ")
    assert httpx.post(url, content=iter([b"{", b"}"]), headers=headers).status_code == 411


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '{"user": "x"}',
        '{"user": 3, "role": "viewer", "seconds": 60}',
        '{"user": "x", "role": "viewer", "seconds": "60"}',
        '{"user": "x", "role": "viewer", "seconds": NaN}',
        '{"user": "x", "role": "viewer", "seconds": 1e400}',
        '{"user": "x", "role": "root", "seconds": 60.0}',
        '{"user": "x", "role": "viewer", "seconds": 60.0, "more": 1}',
        '{"user": "../x", "role": "viewer", "seconds": 60.0}',
        "[" * 100_000,
    ],
)
def test_bodies_that_are_wrong_are_refused(running: Running, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    before = len(Tokens(running.store).list())
    answer = call(running, "POST", "/v1/tokens", "admin", content=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]["message"]
    assert len(answer.text) < 3000
    assert len(Tokens(running.store).list()) == before


def test_anybody_may_ask_whether_it_is_there_and_learns_nothing_more(running: Running) -> None:
    answer = call(running, "GET", "/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "server" not in answer.headers or "uvicorn" not in answer.headers["server"]


def test_the_document_describes_every_route(running: Running) -> None:
    document = call(running, "GET", "/v1/openapi.json", "viewer").json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    there = {(method, path) for method, path, _ in all_routes(running)}
    assert described == there - {("GET", "/v1/openapi.json")}


@pytest.mark.slow
def test_no_request_that_the_document_allows_makes_an_error_of_the_server(running: Running) -> None:
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings

    document = call(running, "GET", "/v1/openapi.json", "viewer").json()
    schema = schemathesis.openapi.from_dict(document)
    headers = {"Authorization": f"Bearer {running.tokens['admin']}"}
    for operation in schema.get_all_operations():
        wrapped = operation.ok()
        if wrapped.method.upper() == "DELETE":
            continue  # it would take away the tokens that the other tests use

        @settings(
            max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
        )
        @given(case=wrapped.as_strategy())
        def ask(case: Any) -> None:
            answer = case.call(base_url=running.url, headers=headers)
            assert answer.status_code < 500, (answer.status_code, answer.text[:500])

        ask()
