"""The table of a search's trials: pages that are found by keys, filters, and what is chosen."""

from __future__ import annotations

import doctest
import math
from pathlib import Path
from typing import Any

import dashboard_store as rows
import pytest
from dashboard_app import said
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.store import open_store
from automl.store.rows import TrialRow
from dashboard.queries import trial_pages, trials
from dashboard.queries.trial_pages import Cursor, Wanted
from dashboard.snapshot import Snapshot

HOUSES = "houses-0a1b2c3d"
SCORES = st.sampled_from([None, math.nan, math.inf, -math.inf, 0.0, -0.0, 0.25, 0.5])
FEW = st.lists(
    st.tuples(
        st.sampled_from(["complete", "stopped", "failed"]),
        SCORES,
        st.booleans(),
        st.sampled_from([0.0, 1.5, math.nan]),
        st.integers(0, 2),
    ),
    max_size=24,
)


def as_rows(drawn: list[Any], goal: str) -> list[TrialRow]:
    return [
        rows.trial(
            "some-0a1b2c3d",
            number,
            state,
            score=score,
            feasible=feasible,
            train_seconds=seconds,
            ended_at=rows.BEGIN.replace(second=second),
            goal=goal,
        )
        for number, (state, score, feasible, seconds, second) in enumerate(drawn)
    ]


def naive(found: list[TrialRow], order: str) -> list[int]:
    """The trials in their order, sorted by what people would say it is."""

    def known(value: float | None) -> bool:
        return value is not None and math.isfinite(value)

    def key(row: TrialRow) -> tuple[Any, ...]:
        if order == "latest":
            return (-row.ended_at.timestamp(), row.trial)
        if order == "longest":
            return (
                not known(row.train_seconds),
                -row.train_seconds if known(row.train_seconds) else 0,
                row.trial,
            )
        place = 2 if row.state != "complete" else 0 if row.feasible else 1
        sign = -1 if row.goal == "max" else 1
        loss = sign * row.score if row.score is not None and known(row.score) else 0.0
        return (place, not known(row.score), loss, row.trial)

    return [row.trial for row in sorted(found, key=key)]


def shown(app: Any) -> list[int]:
    """The numbers of the trials in the table, each of which is a link."""
    links = app.dataframe[0].value["trial"].tolist()
    assert all(link.startswith(f"/trial?id={HOUSES}%2F") for link in links)
    return [int(link.rpartition("%2F")[2]) for link in links]


@pytest.mark.parametrize("order", trial_pages.ORDERS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(drawn=FEW, goal=st.sampled_from(["min", "max"]), size=st.integers(1, 7))
def test_pages_give_every_trial_once_in_the_order_of_a_naive_sort(
    tmp_path_factory: pytest.TempPathFactory, order: str, drawn: list[Any], goal: str, size: int
) -> None:
    found = as_rows(drawn, goal)
    snapshot = Snapshot(open_store(rows.write(tmp_path_factory.mktemp("pages"), found)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial_pages, "PAGE", size)
        expected = naive(found, order)
        for first in range(0, len(expected), size):
            cursor = Cursor(after=expected[first - 1]) if first else Cursor()
            page = trial_pages.page(snapshot, "some-0a1b2c3d", Wanted(), order, cursor)
            assert page.rows["trial"].to_list() == expected[first : first + size]
            assert (page.n_before, page.n_wanted, page.n_trials) == (first, len(expected), len(expected))
            if first:
                back = trial_pages.page(
                    snapshot, "some-0a1b2c3d", Wanted(), order, Cursor(before=expected[first])
                )
                assert back.rows["trial"].to_list() == expected[first - size : first]


def test_the_last_attempt_stands_for_a_trial(tmp_path: Path) -> None:
    again = rows.trial("taxi-0a1b2c3d", 3, "complete", attempt=2, score=0.05)
    snapshot = Snapshot(open_store(rows.write(tmp_path, [*rows.whole_search("taxi", 60), again])))
    page = trial_pages.page(snapshot, "taxi-0a1b2c3d", Wanted(), "best", Cursor())
    assert page.n_trials == 60
    assert page.rows.select("trial", "score", "attempt").row(0) == (3, 0.05, 2)


def test_filters_are_what_a_loop_gives(many: Path) -> None:
    snapshot = Snapshot(open_store(many))
    every = trials.trials(snapshot, HOUSES).collect().to_dicts()
    wanted = Wanted(("complete", "stopped"), (), ("mlp", "resnet"), 0.45, 0.6, "ACTIVATION=gelu")
    expected = sum(
        row["state"] in wanted.states
        and row["family"] in wanted.families
        and 0.45 <= (row["score"] or 0) <= 0.6
        for row in every
    )
    assert expected > 0
    assert trial_pages.page(snapshot, HOUSES, wanted, "best", Cursor()).n_wanted == expected
    assert trial_pages.page(snapshot, HOUSES, Wanted(text="activation=relu"), "best", Cursor()).n_wanted == 0
    diverged = trial_pages.page(snapshot, HOUSES, Wanted(reasons=("diverged",)), "latest", Cursor())
    assert diverged.n_wanted == sum(row["reason"] == "diverged" for row in every)


def test_the_files_of_other_searches_are_not_read(many: Path) -> None:
    plan = trials.trials(Snapshot(open_store(many)), HOUSES).explain()
    assert "SELECTION" in plan
    assert HOUSES in plan


def test_the_table_says_which_trials_it_shows(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES, tab="trials")
    assert "1 to 50 of 240 trials, the best first." in said(app)
    assert f"automl trials {HOUSES} --format parquet --store {many} > trials.parquet" in said(app)
    table = app.dataframe[0].value
    complete = table[table["state"] == "✔ complete"]
    assert complete["score"].is_monotonic_increasing
    assert len(complete) == 50
    assert app.button(key="previous").disabled


def test_the_next_page_goes_on_behind_the_last_trial(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES, tab="trials", order="latest")
    first = shown(app)
    app.button(key="next").click().run()
    assert app.query_params["after"] == str(first[-1])
    assert "51 to 100 of 240 trials, the latest first." in said(app)
    assert not set(first) & set(shown(app))
    app.button(key="previous").click().run()
    assert shown(app) == first


def test_filters_stand_in_the_address_and_their_effect_is_said(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES, tab="trials", state="failed", order="longest")
    assert "1 to 34 of 34 trials that fit, 240 in all, the longest first." in said(app)
    assert set(app.dataframe[0].value["message"]) == {"The loss is not a number."}
    none = see(many, "search", id=HOUSES, tab="trials", least="7")
    assert "None of 240 trials fits this filter." in said(none)


@pytest.mark.parametrize(
    "query",
    [
        {"after": "<script>"},
        {"after": "99999999"},
        {"before": "-3"},
        {"after": "9" * 400},
        {"order": "worst"},
        {"state": "asleep", "family": "../..", "reason": "''"},
        {"least": "abc", "most": "nan"},
    ],
)
def test_a_bad_value_in_the_address_shows_the_first_page(see, many: Path, query: dict[str, str]) -> None:
    app = see(many, "search", id=HOUSES, tab="trials", **query)
    assert "1 to 50 of 240 trials, the best first." in said(app)


def test_what_is_ticked_stays_chosen_on_other_pages(see, many: Path) -> None:
    app = see(many, "search", id=HOUSES, tab="trials")
    one, other = shown(app)[:2]
    app.session_state["chosen-trials"] = (HOUSES, [one, other])
    app.button(key="next").click().run()
    assert f"2 trials chosen: {one}, {other}." in said(app)
    app.button(key="clear").click().run()
    assert "Tick a trial to open it, or several to compare them." in said(app)


def test_examples_of_parameters() -> None:
    assert doctest.testmod(trials).failed == 0
