"""What is asked for again is done once: submissions by their key, additions to a budget by theirs."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException
from service.conftest import Running, call, waiting_spec

from automl.remote import Remote
from automl.service import keys
from automl.service.audit import Audit
from automl.service.keys import Keys
from automl.service.wire import KEY
from automl.store import open_store
from benchmarks.faults.proxy import FlakyProxy


def submissions(running: Running, search_id: str) -> int:
    """How often a search was accepted, by the audit log."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    found = [event for event in Audit(running.store).read(today) if event.get("search_id") == search_id]
    return sum(event["event"] == "submitted" for event in found)


def post(running: Running, spec: dict[str, Any], key: str, role: str = "submitter") -> Any:
    return call(running, "POST", "/v1/searches", role, json={"spec": spec}, headers={KEY: key})


def test_fifty_posts_of_one_key_are_one_search(running: Running, tmp_path: Path) -> None:
    spec, key = waiting_spec(running, tmp_path, "fifty"), secrets.token_hex(16)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: post(running, spec, key), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    search_id = answers[0].json()["search_id"]
    assert running.remote().searches().filter(search_id=search_id).height == 1
    assert submissions(running, search_id) == 1
    other = post(running, {**spec, "seed": 5}, key)
    assert other.status_code == 409
    assert "came with another request before" in other.json()["error"]["message"]
    assert running.remote().searches().height == len(running.store.search_ids())
    mine = post(running, spec, key, "admin")  # the same key of another user is another key
    assert (mine.status_code, mine.json()["search_id"]) == (202, search_id)
    assert submissions(running, search_id) == 2


def test_an_answer_that_is_lost_is_given_again(running: Running, tmp_path: Path) -> None:
    spec = waiting_spec(running, tmp_path, "lost")
    host, port = running.url.removeprefix("http://").split(":")
    proxy = FlakyProxy((host, int(port)))
    try:
        proxy.set("lose_answers", lose=2)
        found = Remote(proxy.url, running.tokens["submitter"])._post("searches", {"spec": spec}).json()
    finally:
        proxy.close()
    assert proxy.n_lost == 2
    assert submissions(running, found["search_id"]) == 1


@pytest.mark.parametrize("key", ["short", "x" * 129, "../../etc/passwd", "a b c d e f g h"])
def test_what_is_no_key_is_refused(running: Running, tmp_path: Path, key: str) -> None:
    answer = post(running, waiting_spec(running, tmp_path, "nokey"), key)
    assert answer.status_code == 400
    assert "An Idempotency-Key is 8 to 128" in answer.json()["error"]["message"]


def once(coroutine: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Runs it in a thread of its own: other tests leave this one with a loop that runs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def test_a_service_that_was_killed_before_its_answer_does_the_same_again(tmp_path: Path) -> None:
    store, done = open_store(tmp_path / "store", create=True), []

    async def act() -> dict[str, Any]:
        done.append(1)
        if len(done) == 1:
            raise KeyboardInterrupt
        return {"search_id": "x"}

    with pytest.raises(KeyboardInterrupt):
        once(Keys(store).once("ann", "0123456789", {"a": 1}, act))
    for _ in range(2):
        assert once(Keys(store).once("ann", "0123456789", {"a": 1}, act)) == {"search_id": "x"}
    assert len(done) == 2
    with pytest.raises(HTTPException) as refused:
        once(Keys(store).once("ann", "0123456789", {"a": 2}, act))
    assert refused.value.status_code == 409


def test_only_so_many_keys_of_a_user_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 20)
    store = open_store(tmp_path / "store", create=True)

    async def act() -> dict[str, Any]:
        return {}

    for number in range(60):
        once(Keys(store).once("ann", f"key-{number:08}", {}, act))
    names = (store.place / "service" / "keys" / "ann").names()
    assert len(names) <= 20
    assert sha256(b"key-00000059").hexdigest()[:32] in names


def test_an_addition_to_a_budget_is_made_once(running: Running, tmp_path: Path) -> None:
    search_id = post(running, waiting_spec(running, tmp_path, "more"), secrets.token_hex(8)).json()[
        "search_id"
    ]
    path, key = f"/v1/searches/{search_id}/resume", secrets.token_hex(8)
    for _ in range(3):
        asked = {"budget": {"trials": "+50", "time": "+30m"}}
        answer = call(running, "POST", path, "submitter", json=asked, headers={KEY: key})
        assert answer.status_code == 422  # it has no bound on time
    for _ in range(3):
        asked = {"budget": {"trials": "+50"}}
        assert call(running, "POST", path, "submitter", json=asked, headers={KEY: key}).status_code == 200
    budget = running.store.search(search_id).place / "budget.json"
    assert json.loads(budget.read())["trials"] == 52
    with ThreadPoolExecutor(8) as pool:  # several users at once: each addition counts
        list(pool.map(lambda _: running.remote("admin").resume(search_id, {"trials": "+10"}), range(8)))
    assert json.loads(budget.read())["trials"] == 132
    for wrong, message in (("+x", "trials"), ("+-5", "trials"), ("+1e999", "trials")):
        answer = call(running, "POST", path, "submitter", json={"budget": {"trials": wrong}})
        assert (answer.status_code, message in answer.text) == (422, True), answer.text
    refused = call(running, "POST", path, "submitter", json={"budget": {"epochs": "+10"}})
    assert "cannot be changed: begin a new search" in refused.json()["error"]["message"]
