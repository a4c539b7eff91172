"""Signing in: who is let in, and what everybody else is told."""

from __future__ import annotations

import getpass
import os
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard_gate import Clock, House, house
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dashboard.entrance import CLOSED, TICKET_SECONDS, Entrance, Tickets, taken_from_environment, ticket
from dashboard.sessions import IDLE_SECONDS, MOST_SESSIONS, Sessions
from dashboard.web import peers, sign_in
from dashboard.web.gate import LONGEST, safe_next

LINK = Entrance("link", port=8501, key="a key")
HOSTILE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n//evil.example",
    " //evil.example",
    "http:evil.example",
    "",
    "search",
    "/sign-in?next=/sign-in",
    "/" + "a" * LONGEST,
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "FAILED_SECONDS", 0.01)


@pytest.fixture
def by_link() -> Iterator[House]:
    with house(LINK) as found:
        yield found


def problem(answer: Any) -> str:
    """What the form says that is wrong."""
    found = re.search(r'<p class="bad" role="alert">(.*?)</p>', answer.text, re.DOTALL)
    return found[1] if found else ""


def test_a_link_lets_in_once_and_leads_on_to_the_address_that_was_asked_for(by_link: House) -> None:
    shown = by_link.ticket()
    answer = by_link.ask(f"/sign-in?ticket={shown}&next=/search%3Fid%3Da%26tab%3Dlogs")
    assert answer.status_code == 200
    assert 'content="0; url=/search?id=a&amp;tab=logs"' in answer.text
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "secure" not in said
    assert by_link.ask("/search?id=a", headers=by_link.cookie(answer)).text == "the page /search"
    again = by_link.ask(f"/sign-in?ticket={shown}")
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert problem(again) == (
        "This link was used already: it works once. Press Enter in the terminal where `automl dashboard` runs, and "
        "open the new one."
    )


def test_whoever_is_in_goes_on_with_a_link_that_was_used(by_link: House) -> None:
    address = f"/sign-in?ticket={by_link.ticket()}"
    cookie = by_link.cookie(by_link.ask(address))
    assert 'url=/"' in by_link.ask(address, headers=cookie).text


def test_an_expired_and_a_made_up_link_let_nobody_in(by_link: House) -> None:
    late = by_link.ask(f"/sign-in?ticket={by_link.ticket(time.time() - TICKET_SECONDS - 1)}")
    assert problem(late).startswith("This link has expired: it works for five minutes. Press Enter")
    of_another = ticket("another key")
    for shown in ("x", "1.2.3", "é.é.é", of_another, by_link.ticket() + "0", "9" * 5000):
        answer = by_link.ask("/sign-in", params={"ticket": shown})
        assert answer.status_code in (403, 429)
        assert "set-cookie" not in answer.headers
    assert problem(by_link.ask(f"/sign-in?ticket={of_another}")).startswith(
        "This is not a link of the dashboard that runs here."
    )


def test_a_link_may_be_pasted_and_is_not_used_up_by_who_only_looks_ahead(by_link: House) -> None:
    link = f"{by_link.url}/sign-in?ticket={by_link.ticket()}"
    ahead = by_link.ask(link.removeprefix(by_link.url), headers={"Sec-Purpose": "prefetch"})
    assert "set-cookie" not in ahead.headers
    head = by_link.ask(link.removeprefix(by_link.url), "HEAD")
    assert "set-cookie" not in head.headers
    sent = by_link.ask("/sign-in", "POST", data={"link": f" {link} ", "next": "/leaderboard"})
    assert 'content="0; url=/leaderboard"' in sent.text
    assert by_link.cookie(sent)


def test_a_page_without_a_cookie_says_how_to_get_in_and_keeps_its_address(by_link: House) -> None:
    answer = by_link.ask("/search?id=a/b&q=%26")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fsearch%3Fid%3Da%2Fb%26q%3D%2526"
    form = by_link.ask(answer.headers["location"])
    assert "For another one, press Enter in the terminal where it runs." in " ".join(form.text.split())
    assert 'name="next" value="/search?id=a/b&amp;q=%26"' in form.text
    assert by_link.ask("/").headers["location"] == "/sign-in"
    assert by_link.ask("/_stcore/host-config", headers={"Accept": "*/*"}).status_code == 401
    assert by_link.ask("/download/a/1.zip", headers={"Accept": "*/*"}).text == "Sign in first."
    assert by_link.ask("/_stcore/upload_file/x/y", "PUT").status_code == 401


def test_health_and_the_assets_of_streamlit_are_for_everybody(by_link: House) -> None:
    for path in ("/_stcore/health", "/static/js/index.js", "/favicon.png"):
        assert by_link.ask(path).text == f"the page {path}"
    assert by_link.ask("/statics").status_code == 303
    assert by_link.ask("/_stcore/health/x").status_code == 303


def test_a_link_from_another_site_is_asked_for_once_more_from_here(by_link: House) -> None:
    answer = by_link.ask("/search?id=a", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'http-equiv="refresh" content="0; url=/search?id=a"' in answer.text


@pytest.mark.parametrize("address", HOSTILE)
def test_nobody_is_led_on_to_another_site(by_link: House, address: str) -> None:
    assert safe_next(address) == "/"
    answer = by_link.ask("/sign-in", params={"ticket": by_link.ticket(), "next": address})
    assert 'content="0; url=/"' in answer.text
    assert "evil" not in answer.text


def test_markup_in_an_address_stays_text(by_link: House) -> None:
    answer = by_link.ask('/sign-in?next=/"><script>alert(1)</script>')
    assert "<script" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


def test_a_form_of_another_site_is_refused(by_link: House) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", ""):
        sent = by_link.ask("/sign-in", "POST", data={"link": by_link.ticket()}, headers={"Origin": origin})
        assert sent.status_code == 403
        assert sent.text == "This came from a page of another site, which may not ask for it."


def test_a_name_that_is_not_the_dashboards_is_refused(by_link: House) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "a b", "x" * 300):
        answer = by_link.ask("/", headers={"Host": host})
        assert answer.status_code in (400, 403)
        assert "/sign-in" not in answer.text
    for host in ("localhost:9000", "127.0.0.1", "[::1]:8501"):
        assert by_link.ask("/", headers={"Host": host}).status_code == 303


def test_every_answer_forbids_frames_and_other_sites(by_link: House) -> None:
    cookie = by_link.cookie(by_link.ask(f"/sign-in?ticket={by_link.ticket()}"))
    page, form = by_link.ask("/", headers=cookie), by_link.ask("/sign-in")
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert form.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in form.headers["content-security-policy"]
    for answer in (page, form):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_a_socket_needs_the_cookie_and_a_page_of_this_site(by_link: House) -> None:
    cookie = by_link.cookie(by_link.ask(f"/sign-in?ticket={by_link.ticket()}"))
    for headers in (
        {},
        {"Cookie": f"{LINK.cookie}=made-up"},
        cookie | {"Origin": "http://127.0.0.1:1"},
        cookie | {"Origin": "https://evil.example"},
        cookie | {"Origin": ""},
    ):
        with pytest.raises(InvalidStatus, match="HTTP 403"):
            by_link.socket(**headers)
    with by_link.socket(**cookie) as opened:
        opened.send(b"hello")
        assert opened.recv(5) == b"hello"


def test_a_socket_closes_when_its_user_has_been_signed_out(by_link: House) -> None:
    answer = by_link.ask(f"/sign-in?ticket={by_link.ticket()}")
    with by_link.socket(**by_link.cookie(answer)) as opened:
        opened.send(b"one")
        assert opened.recv(5) == b"one"
        by_link.sessions.end(answer.cookies[LINK.cookie])
        opened.send(b"two")
        with pytest.raises(ConnectionClosed, match="1008"):
            opened.recv(5)


def test_who_gives_no_sign_for_twelve_hours_is_signed_out(by_link: House) -> None:
    cookie = by_link.cookie(by_link.ask(f"/sign-in?ticket={by_link.ticket()}"))
    by_link.clock.now += IDLE_SECONDS - 1
    assert by_link.ask("/", headers=cookie).status_code == 200
    by_link.clock.now += IDLE_SECONDS - 1
    assert by_link.ask("/", headers=cookie).status_code == 200
    by_link.clock.now += IDLE_SECONDS + 1
    assert by_link.ask("/", headers=cookie).status_code == 303


@pytest.mark.parametrize("value", ["x" * 10_000, "a" * 40_000, '"' * 500, "\x01;=,", "%00", "__proto__"])
def test_strange_cookies_let_nobody_in_and_break_nothing(by_link: House, value: str) -> None:
    with socket.create_connection(("127.0.0.1", int(by_link.url.rpartition(":")[2]))) as raw:
        raw.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {LINK.cookie}={value}\r\n\r\n".encode())
        status = raw.makefile("rb").readline().decode()
    assert status.split()[1] in ("303", "400", "401"), status
    assert by_link.ask("/_stcore/health").status_code == 200


def test_tries_that_fail_are_slowed_down_and_limited(by_link: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "FAILED_SECONDS", 0.2)
    began = time.monotonic()
    assert by_link.ask("/sign-in?ticket=x").status_code == 403
    assert time.monotonic() - began >= 0.2
    monkeypatch.setattr(sign_in, "FAILED_SECONDS", 0.0)
    answers = [by_link.ask("/sign-in?ticket=x") for _ in range(sign_in.MOST_FAILED + 2)]
    assert answers[-1].status_code == 429
    assert problem(answers[-1]) == "That failed too often. Try again in a minute."
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert by_link.cookie(by_link.ask(f"/sign-in?ticket={by_link.ticket()}")), (
        "a good link is not held up by others"
    )


def test_a_form_that_is_too_large_is_refused(by_link: House) -> None:
    sent = by_link.ask("/sign-in", "POST", data={"link": "x" * 20_000})
    assert sent.status_code == 413
    assert "A form has at most 8192 bytes here." in sent.text
    assert by_link.ask("/sign-in", "POST", content=b"&" * 5000).status_code == 403


def test_a_link_is_of_no_use_to_another_user_of_the_machine(
    by_link: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    monkeypatch.setattr(peers, "_ROOT", 4322)
    answer = by_link.ask(f"/sign-in?ticket={by_link.ticket()}")
    assert problem(answer) == "This dashboard belongs to another user of this machine."
    assert "set-cookie" not in answer.headers


def test_the_other_end_of_a_connection_is_known_and_cannot_be_claimed(by_link: House) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as one,
    ):
        assert peers.user_of(one.getsockname(), server.getsockname()) == os.getuid()
        assert peers.user_of(("127.0.0.1", 1), server.getsockname()) is None
    forged = {"X-Forwarded-For": "10.0.0.1"}
    answer = by_link.ask(f"/sign-in?ticket={by_link.ticket()}", headers=forged)
    assert by_link.cookie(answer)


def test_without_sign_in_everything_is_open_but_to_other_sites() -> None:
    with house(Entrance("none")) as open_house:
        assert open_house.ask("/search").text == "the page /search"
        assert 'url=/search"' in open_house.ask("/sign-in?next=/search").text
        with open_house.socket() as opened:
            opened.send(b"hello")
            assert opened.recv(5) == b"hello"
        with pytest.raises(InvalidStatus, match="HTTP 403"):
            open_house.socket(Origin="https://evil.example")
        assert open_house.ask("/", headers={"Host": "evil.example"}).status_code == 403


def test_behind_a_proxy_its_name_is_the_dashboards_and_cookies_are_for_tls_alone() -> None:
    proxied = Entrance("link", port=8501, key="a key", public_url="https://dash.example.org")
    with house(proxied) as found:
        for host in ("dash.example.org", "127.0.0.1:8501"):
            headers = {"Host": host, "Origin": "https://dash.example.org"}
            sent = found.ask("/sign-in", "POST", data={"link": found.ticket()}, headers=headers)
            assert "secure" in sent.headers["set-cookie"].lower()
        headers["Origin"] = "https://other.example.org"
        assert found.ask("/sign-in", "POST", headers=headers).status_code == 403


def test_tickets_work_once_within_their_time() -> None:
    clock = Clock()
    tickets = Tickets("key", clock)
    first, second = ticket("key", clock.now), ticket("key", clock.now)
    assert first != second
    assert [tickets.take(first), tickets.take(first), tickets.take("x"), tickets.take("")] == [
        "good",
        "used",
        "wrong",
        "wrong",
    ]
    clock.now += TICKET_SECONDS + 1
    assert [tickets.take(second), tickets.take(first)] == ["late", "late"]
    assert Tickets("").take(ticket("")) == "wrong"


def test_what_the_server_was_told_is_not_passed_on_and_nothing_told_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTOML_DASHBOARD", LINK.to_environment())
    assert taken_from_environment() == LINK
    assert "AUTOML_DASHBOARD" not in os.environ
    assert taken_from_environment() == CLOSED
    with house(CLOSED) as closed:
        assert closed.ask(f"/sign-in?ticket={ticket('')}").status_code == 403


def test_sessions_are_kept_by_hash_and_the_longest_silent_goes_first() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    first = sessions.begin(getpass.getuser(), "admin", "automl_secret")
    assert "automl_secret" not in repr(sessions.find(first))
    assert first not in repr(vars(sessions))
    second = sessions.begin("ann", "viewer")
    assert sessions.find(first) is not None
    for _ in range(MOST_SESSIONS - 1):
        sessions.begin("x", "viewer")
    assert sessions.find(second) is None
    assert sessions.find(first) is not None
