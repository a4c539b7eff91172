"""The dispatcher tick by tick, with drivers that the test lets live, end and die."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toys import write_table

from automl.api import spec_of
from automl.execution.books import row_of
from automl.resolved import Search
from automl.run import plan_search
from automl.service import dispatcher as dispatchers
from automl.service.dispatcher import MOST_DEATHS, Dispatcher
from automl.service.queue import Need
from automl.store import Store, open_store, reading
from automl.store.fold import Fold


class Drivers:
    """What the dispatcher asked for, and who runs: no process, so that each moment can be had."""

    def __init__(self) -> None:
        self.alive: set[str] = set()
        self.started: list[str] = []
        self.paused: list[str] = []

    def start(self, search_id: str) -> None:
        self.alive.add(search_id)
        self.started.append(search_id)

    def running(self) -> set[str]:
        return set(self.alive)

    def pause(self, search_id: str) -> None:
        self.paused.append(search_id)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatchers, "BACKOFF_SECONDS", 0.0)


def search(folder: Path, name: str = "toy", **changes: Any) -> Search:
    spec = {
        "name": name,
        "data": {"path": str(write_table(folder / "toy.csv")), "target": "price"},
        "families": ["mlp"],
        "resources": {"workers": 2},
    }
    return plan_search(spec_of(spec | changes))[0]


def ends(store: Store, one: Search, state: Any) -> None:
    """The driver of a search writes how it ended, in a term of its own."""
    folder = store.search(one.search_id)
    Fold(store, folder, folder.term_begin()).update_search(row_of(one, folder, folder.last_term(), state))


def state(store: Store, one: Search) -> str:
    return str(reading.search_row(store, one.search_id)["state"])


def test_a_driver_that_dies_is_started_again_until_it_is_given_up(store: Store, tmp_path: Path) -> None:
    drivers, one = Drivers(), search(tmp_path)
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
    assert dispatcher.submit(one, "ann") == "queued"
    for _ in range(MOST_DEATHS):
        dispatcher.tick()
        assert drivers.alive == {one.search_id}
        drivers.alive.clear()
    dispatcher.tick()
    assert drivers.started == [one.search_id] * MOST_DEATHS
    row = reading.search_row(store, one.search_id)
    assert (row["state"], row["reason"]) == ("failed", "lost_node")
    assert "died 5 times in a row" in row["message"]


def test_what_a_row_of_an_earlier_term_says_is_not_how_a_driver_ended(store: Store, tmp_path: Path) -> None:
    drivers, one = Drivers(), search(tmp_path)
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
    dispatcher.submit(one, "ann")
    dispatcher.tick()
    ends(store, one, "complete")
    drivers.alive.clear()
    dispatcher.tick()
    assert dispatcher.grant(one.search_id) is None  # it is done
    dispatcher.wish(one.search_id, "run", {"trials": 9})
    assert state(store, one) == "queued"
    dispatcher.tick()
    drivers.alive.clear()  # it died before it wrote anything
    dispatcher.tick()
    assert drivers.started == [one.search_id] * 3


def test_a_driver_is_told_to_end_once(store: Store, tmp_path: Path) -> None:
    drivers, one = Drivers(), search(tmp_path)
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
    dispatcher.submit(one, "ann")
    dispatcher.tick()
    dispatcher.wish(one.search_id, "stop")
    for _ in range(4):
        dispatcher.tick()
    assert drivers.paused == [one.search_id]  # a second signal would end it hard
    ends(store, one, "stopped")
    drivers.alive.clear()
    dispatcher.tick()
    assert (dispatcher.grant(one.search_id), state(store, one)) == (None, "stopped")


def test_a_search_makes_room_for_a_higher_priority_and_comes_back(store: Store, tmp_path: Path) -> None:
    drivers, low = Drivers(), search(tmp_path, "low")
    high = search(tmp_path, "high", priority=5)
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
    dispatcher.submit(low, "ann")
    dispatcher.tick()
    dispatcher.submit(high, "bob")
    dispatcher.tick()
    assert drivers.paused == [low.search_id]
    orders = store.search(low.search_id).place / "orders.json"
    assert json.loads(orders.read()) == {"workers": 0}
    ends(store, low, "stopped")
    drivers.alive.discard(low.search_id)
    dispatcher.tick()
    row = reading.search_row(store, low.search_id)
    assert (row["state"], row["message"]) == ("queued", "It waits for 1 search of a higher priority.")
    again = Dispatcher(store, drivers, lambda: Need(2, 0))  # the service was killed, and started anew
    again.start()
    again.stop()
    again.tick()  # it finds the driver that runs, and leaves it alone
    assert drivers.started == [low.search_id, high.search_id]
    ends(store, high, "complete")
    drivers.alive.clear()
    again.tick()
    again.tick()
    assert drivers.started[2:] == [low.search_id]
    assert again.grant(high.search_id) is None


def test_what_waits_when_the_service_is_killed_waits_for_the_next(store: Store, tmp_path: Path) -> None:
    drivers, one = Drivers(), search(tmp_path)
    Dispatcher(store, drivers, lambda: Need(0, 0)).submit(one, "ann")
    again = Dispatcher(store, drivers, lambda: Need(2, 0))
    again.start()
    again.stop()
    again.tick()
    assert drivers.started == [one.search_id]
    assert again.owner(one.search_id) == "ann"
