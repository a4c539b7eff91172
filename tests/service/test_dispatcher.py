"""The dispatcher tick by tick, with drivers that the test lets live, end and die."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from toys import write_table

from automl.api import spec_of
from automl.driver import ORDERS
from automl.errors import RequestError, SpecError
from automl.execution.books import row_of
from automl.resolved import Search
from automl.run import load_search, plan_search, write_budget
from automl.service import dispatcher as dispatchers
from automl.service.dispatcher import MOST_DEATHS, OPEN, Dispatcher
from automl.service.limits import TooMuch
from automl.service.queue import Need
from automl.store import Store, open_store, reading
from automl.store.fold import Fold
from automl.store.tables import version


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


def ends_with(store: Store, one: Search, trials: int) -> None:
    """The driver of a search completes it under so many trials, and leaves its own budget behind."""
    write_budget(store.search(one.search_id), {"trials": trials})
    ends(store, load_search(store, one.search_id)[0], "complete")


@pytest.mark.parametrize("killed", [True, False])
def test_a_larger_budget_given_while_a_driver_ends_is_not_forgotten(
    store: Store, tmp_path: Path, killed: bool
) -> None:
    drivers, one = Drivers(), search(tmp_path, budget={"trials": 2})
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
    dispatcher.submit(one, "ann")
    dispatcher.tick()
    dispatcher.wish(one.search_id, "run", {"trials": "+7"})
    ends_with(store, one, 2)
    drivers.alive.clear()
    if killed:
        dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
        dispatcher.start()
        dispatcher.stop()
    for _ in range(2):
        dispatcher.tick()
    assert drivers.started == [one.search_id] * 2
    assert load_search(store, one.search_id)[0].spec.budget.trials == 9
    ends_with(store, one, 9)
    drivers.alive.clear()
    dispatcher.tick()
    assert (dispatcher.grant(one.search_id), state(store, one)) == (None, "complete")
    again = Dispatcher(store, drivers, lambda: Need(2, 0))
    again.start()
    again.stop()
    again.tick()
    assert len(drivers.started) == 2
    assert (store.place / OPEN).names() == []


def test_a_wish_is_told_apart_by_its_key(store: Store, tmp_path: Path) -> None:
    one = search(tmp_path, budget={"trials": 2})
    dispatcher = Dispatcher(store, Drivers(), lambda: Need(0, 0))
    dispatcher.submit(one, "ann")
    for key in ("a", "b", "a", "b", None):
        dispatcher.wish(one.search_id, "run", {"trials": "+10"}, key)
    assert load_search(store, one.search_id)[0].spec.budget.trials == 32
    with pytest.raises(SpecError, match="no bound on gpu_hours that '\\+1' could be added to"):
        dispatcher.wish(one.search_id, "run", {"gpu_hours": "+1"})


def test_a_search_that_failed_is_left_alone(store: Store, tmp_path: Path) -> None:
    drivers, one = Drivers(), search(tmp_path)
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
    dispatcher.submit(one, "ann")
    dispatcher.tick()
    ends(store, one, "failed")
    drivers.alive.clear()
    again = Dispatcher(store, drivers, lambda: Need(2, 0))
    again.start()
    again.stop()
    for each in (dispatcher, again):
        each.tick()
        assert each.grant(one.search_id) is None
    assert (drivers.started, state(store, one)) == ([one.search_id], "failed")


def test_what_a_user_must_set_right_ends_a_search_at_once(store: Store, tmp_path: Path) -> None:
    drivers, one = Drivers(), search(tmp_path)
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
    dispatcher.submit(one, "ann")
    dispatcher.tick()
    write_table(tmp_path / "toy.csv", seed=1)  # other data than it began with
    command = [sys.executable, "-m", "automl.driver", one.search_id, "--store", str(store)]
    assert subprocess.run(command, capture_output=True, timeout=200).returncode == 2
    row = reading.search_row(store, one.search_id)
    assert (row["state"], row["reason"]) == ("failed", "bad_data")
    assert "has changed since the search began" in row["message"]
    drivers.alive.clear()
    dispatcher.tick()
    dispatcher.tick()
    assert (drivers.started, dispatcher.grant(one.search_id)) == ([one.search_id], None)


def test_a_user_has_so_many_open_searches_and_no_more(store: Store, tmp_path: Path) -> None:
    drivers = Drivers()
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0), most_open=1)
    one, other = search(tmp_path, "one"), search(tmp_path, "other")
    dispatcher.submit(one, "ann")
    with pytest.raises(TooMuch, match="ann has 1 searches that wait or run, and may have 1"):
        dispatcher.submit(other, "ann")
    assert store.search_ids() == [one.search_id]
    dispatcher.submit(other, "bob")
    dispatcher.tick()
    for each in (one, other):
        ends(store, each, "complete")
    drivers.alive.clear()
    dispatcher.tick()
    assert dispatcher.submit(search(tmp_path, "third"), "ann") == "queued"
    with pytest.raises(RequestError, match="was begun by hand"):
        dispatcher.wish(store.create_search("by-hand", one.to_plain()).search_id, "run")


def test_what_many_wait_for_is_said_in_one_commit_and_not_again(store: Store, tmp_path: Path) -> None:
    many = [search(tmp_path, f"toy-{number}") for number in range(3)]
    dispatcher = Dispatcher(store, Drivers(), lambda: Need(0, 0))
    for one in many:
        dispatcher.submit(one, "ann")
    before = version(store, "searches")
    assert before is not None
    dispatcher.tick()
    assert version(store, "searches") == before + 1
    rows = reading.searches(store).select("message", "state").unique().collect().to_dicts()
    assert [row["state"] for row in rows] == ["queued"]
    assert rows[0]["message"] != "It waits for its turn."
    orders = [(store.search(one.search_id).place / ORDERS).changed_at() for one in many]
    dispatcher.tick()
    assert [(store.search(one.search_id).place / ORDERS).changed_at() for one in many] == orders
    again = Dispatcher(store, Drivers(), lambda: Need(0, 0))  # as after a restart
    again.start()
    again.stop()
    again.tick()
    assert version(store, "searches") == before + 1


@pytest.mark.parametrize("killed", [True, False])
@pytest.mark.parametrize(
    ("reason", "goes_on"), [("lost_node", True), ("lost_worker", True), ("storage", True), (None, False)]
)
def test_what_a_driver_lost_with_its_machine_goes_on(
    store: Store, tmp_path: Path, reason: str | None, goes_on: bool, killed: bool
) -> None:
    """Its study died, or the store failed: the driver says so and ends, which is not the end of the search."""
    drivers, one = Drivers(), search(tmp_path)
    dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
    dispatcher.submit(one, "ann")
    dispatcher.tick()
    folder = store.search(one.search_id)
    row = row_of(one, folder, folder.term_begin(), "failed", reason, "The process that holds the study died.")
    Fold(store, folder, folder.last_term()).update_search(row)
    drivers.alive.clear()
    if killed:
        dispatcher = Dispatcher(store, drivers, lambda: Need(2, 0))
        dispatcher.start()
        dispatcher.stop()
    dispatcher.tick()
    dispatcher.tick()
    assert len(drivers.started) == 1 + goes_on
    assert (dispatcher.grant(one.search_id) is not None) == goes_on
