"""Limits: how often, how much, how many; and memory that does not grow with those who ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from service.conftest import serving
from toys import write_table

from automl.api import spec_of
from automl.errors import RequestError
from automl.remote import Remote
from automl.service import limits
from automl.service.limits import Limits, Logins, Pace, TooMuch, UploadBudget, parse_limits
from automl.service.serve import configuration
from automl.service.tokens import Tokens
from automl.store import Store, open_store

FEW = Limits(open_searches=2, upload_bytes=20_000, requests=30, failed_logins=5)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_so_many_a_minute_and_no_more() -> None:
    clock = Clock()
    pace = Pace(60, clock)
    assert [pace.take("a") for _ in range(60)] == [0.0] * 60
    assert pace.take("a") == pytest.approx(1.0)
    assert pace.take("b") == 0.0
    clock.now = 0.5
    assert pace.take("a") == pytest.approx(0.5)
    clock.now = 1.0
    assert (pace.take("a"), pace.take("a") > 0) == (0.0, True)
    clock.now = 1e6  # it does not save up more than a minute's
    assert [pace.take("a") > 0 for _ in range(61)].count(False) == 60


def test_memory_does_not_grow_with_those_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KNOWN", 100)
    pace, logins = Pace(5), Logins(5)
    for number in range(1000):
        pace.take(str(number))
        logins.failed(str(number))
        logins.valid(str(number))
    assert (len(pace._known), len(logins._valid), len(logins._failures._known)) == (100, 100, 100)


def test_limits_are_read_from_words() -> None:
    assert parse_limits([]) == Limits()
    assert parse_limits(["requests=7", "upload_bytes=2M"]) == Limits(requests=7, upload_bytes=2**21)
    for text, message in (
        ("request=7", "did you mean requests"),
        ("requests", "is a whole number"),
        ("requests=-1", "is a whole number"),
        ("requests=1.5", "is a whole number"),
        ("upload_bytes=5X", "is a whole number"),
    ):
        with pytest.raises(RequestError, match=message):
            parse_limits([text])


def test_uploads_of_a_day_are_counted_once_each(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store", create=True)
    budget = UploadBudget(store, 100)
    for _ in range(3):
        budget.count("ann", "a" * 64, 60)
    budget.check("ann", 40)
    with pytest.raises(TooMuch, match="has uploaded 60 bytes today, and 41 more are over the limit of 100"):
        budget.check("ann", 41)
    UploadBudget(store, 100).check("bob", 100)
    (store.place / "service/uploaded/ann/2020-01-01/99-aa").write_over(b"")  # another day
    budget.check("ann", 40)
    budget.count("ann", "b" * 64, 1)
    assert len((store.place / "service/uploaded/ann").names()) == 1


@pytest.fixture
def few(tmp_path: Path) -> Iterator[tuple[Store, str, str]]:
    """A service with low limits, and the token of a submitter."""
    store = open_store(tmp_path / "store", create=True)
    token = Tokens(store).create("ann", "submitter", timedelta(hours=1))[0]
    with serving(configuration(store, "127.0.0.1", 0, limits=FEW)) as url:
        yield store, url, token


def said(answer: httpx.Response) -> tuple[int, str]:
    assert int(answer.headers["retry-after"]) >= 1
    return answer.status_code, answer.json()["error"]["message"]


def test_a_token_that_asks_too_often_is_told_to_wait(few: tuple[Store, str, str]) -> None:
    store, url, token = few
    headers = {"Authorization": f"Bearer {token}"}
    answers = [httpx.get(f"{url}/v1/me", headers=headers)]
    while answers[-1].status_code == 200 and len(answers) < 300:  # it takes another every 2 s meanwhile
        answers.append(httpx.get(f"{url}/v1/me", headers=headers))
    assert said(answers[-1]) == (429, "This token has asked too often. Try again a little later.")
    assert len(answers) > 30
    other = Tokens(store).create("bob", "viewer", timedelta(hours=1))[0]
    assert httpx.get(f"{url}/v1/me", headers={"Authorization": f"Bearer {other}"}).status_code == 200
    assert Remote(url, token).searches().height == 0  # the client waits a moment by itself


def test_who_tries_tokens_is_held_up_and_others_are_not(few: tuple[Store, str, str]) -> None:
    _, url, token = few
    mine = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/v1/me", headers=mine).status_code == 200
    tried = [
        httpx.get(f"{url}/v1/me", headers={"Authorization": f"Bearer automl_{number:012}_{'x' * 43}"})
        for number in range(8)
    ]
    assert [answer.status_code for answer in tried[:5]] == [401] * 5
    assert said(tried[-1])[0] == 429
    assert httpx.get(f"{url}/v1/me", headers=mine).status_code == 200  # from the same address


def test_uploads_and_open_searches_have_limits(few: tuple[Store, str, str], tmp_path: Path) -> None:
    store, url, token = few
    headers = {"Authorization": f"Bearer {token}"}
    content = b"x" * 20_001
    path = f"{url}/v1/uploads/{sha256(content).hexdigest()}/x.csv"
    status, message = said(httpx.put(path, content=content, headers=headers))
    assert (status, "are over the limit of 20000 a day" in message) == (429, True)
    assert not (store.place / "uploads").names()

    def given(name: str) -> Any:
        table = write_table(tmp_path / "houses.csv")
        resources = {"workers": 1, "cpus": 1000}
        return spec_of(
            {
                "name": name,
                "data": {"path": str(table), "target": "price"},
                "families": ["mlp"],
                "resources": resources,
            }
        )

    remote = Remote(url, token)
    first, second = (remote.submit(given(name))["search_id"] for name in ("one", "two"))
    with pytest.raises(RequestError, match="ann has 2 searches that wait or run, and may have 2 at once"):
        remote.submit(given("three"))
    assert store.search_ids() == sorted([first, second])
    assert remote.submit(given("one"))["search_id"] == first  # it is there already
    remote.stop(first)
    assert remote.submit(given("three"))["state"] == "queued"
    with pytest.raises(RequestError, match="may have 2 at once"):
        remote.resume(first, {})
