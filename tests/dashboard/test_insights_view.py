"""The tab that says why a search was won, in every state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import dashboard_store as rows
import pytest
from dashboard_app import said
from dashboard_store import HOSTILE

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard_insights import ID, PLAIN, configured, stored, whole

from dashboard.views.insights import PARTS


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("insights")
    stored(root, [*whole(), *rows.entry(f"{ID}/3", 0.3)])
    return root


@pytest.fixture
def insights(see: Any) -> Any:
    """Opens a part of the tab over a store."""

    def open_part(root: Path, part: str, search_id: str = ID, **query: str) -> Any:
        return see(root, "search", id=search_id, tab="insights", part=part, **query)

    return open_part


@pytest.mark.parametrize("part", PARTS)
def test_every_part_names_the_command_with_the_same_numbers(insights: Any, store: Path, part: str) -> None:
    app = insights(store, part)
    assert not app.error
    assert f"automl trials {ID} --json --store {store}" in said(app)


def test_parameters_say_what_is_compared_and_what_is_above_chance(insights: Any, store: Path) -> None:
    text = said(insights(store, "Parameters", rung="all epochs")).replace("\\", "")
    assert "Compared: the scores of 38 complete trials." in text
    assert "trials stopped early do not count here: choose fewer epochs to compare them too." in text
    assert "explains more than chance. The share is eta squared" in text
    assert "6 shown of 6 parameters, in the order above. rmse: lower is better." in text
    assert "● complete, ◇ stopped early. ★ trial" in text


def test_the_address_chooses_the_family_and_the_rung(insights: Any, store: Path) -> None:
    app = insights(store, "Parameters", among="mlp", rung="9 epochs")
    assert app.selectbox(key="among").value == "mlp"
    text = said(app).replace("\\", "")
    assert "Compared: the best score within 9 epochs of" in text
    assert "that got so far, whatever came of them." in text
    assert "◇ stopped early" in text


def test_with_few_complete_trials_the_first_rung_is_compared_at_first(insights: Any, store: Path) -> None:
    app = insights(store, "Parameters")
    assert app.selectbox(key="rung").value == "3 epochs"
    assert "Compared: the best score within 3 epochs of 99 trials" in said(app).replace("\\", "")
    assert "the best in the end" in said(app)


def test_bad_values_in_the_address_are_left_out(insights: Any, store: Path) -> None:
    app = insights(store, "<script>", among="<b>", rung="7 epochs", charts="zzz", against="0")
    assert app.selectbox(key="among").value == "all families"
    assert "How far each parameter alone explains the score" in said(app)


def test_fewer_than_ten_complete_trials_hide_the_importance_and_say_why(
    insights: Any, tmp_path: Path
) -> None:
    stored(tmp_path, whole(12))
    app = insights(tmp_path, "Parameters", rung="all epochs")
    assert "It takes 10 complete trials to say, and there are 4 so far." in said(app)
    assert "6 shown of 6 parameters" in said(app).replace("\\", "")


def test_lines_say_how_many_they_are(insights: Any, store: Path) -> None:
    text = said(insights(store, "Lines", rung="all epochs")).replace("\\", "")
    assert "38 shown of 38 trials, all of them; 6 of 6 parameters, the surest to matter first." in text
    assert "Drag along an axis to keep only the lines that pass there" in text


def test_trade_offs_have_a_cost_to_choose_and_a_table_of_the_front(insights: Any, store: Path) -> None:
    app = insights(store, "Trade-offs", against="latency (ms)")
    assert app.selectbox(key="against").value == "latency (ms)"
    assert "rmse against latency" in said(app).replace("\\", "")
    assert "All 38 complete trials." in said(app).replace("\\", "")
    table = next(frame.value for frame in app.dataframe if "latency (ms)" in frame.value.columns)
    assert table["rmse"].is_monotonic_increasing
    assert table["latency (ms)"].is_monotonic_decreasing


def test_several_objectives_are_compared_with_each_other(insights: Any, tmp_path: Path) -> None:
    objectives = [{"name": name, "goal": "min"} for name in ("rmse", "mae", "latency_ms")]
    stored(tmp_path, whole(40), PLAIN | {"objectives": objectives})
    app = insights(tmp_path, "Trade-offs", up="mae")
    assert "mae against rmse" in said(app)
    assert "no other is as good in all objectives and better in one" in said(app).replace("\\", "")


def test_rungs_are_counted_in_words(insights: Any, store: Path) -> None:
    text = said(insights(store, "Rungs")).replace("\\", "")
    assert "trials reached epoch 3," in text
    assert "38 trained all epochs." in text
    assert "38 shown of 38 complete trials (thicker, blue)" in text


def test_a_search_without_rungs_says_so(insights: Any, tmp_path: Path) -> None:
    stored(tmp_path, whole(12), PLAIN | {"rungs": []})
    assert "Nothing was stopped early in this search: it has no rungs." in said(insights(tmp_path, "Rungs"))


def test_failures_say_where_they_are(insights: Any, store: Path) -> None:
    app = insights(store, "Failures")
    text = said(app).replace("\\", "")
    assert "of the failures by diverged (" in text
    assert "have learning_rate = " in text
    table = next(frame.value for frame in app.dataframe if "message" in frame.value.columns)
    assert table["reason"].to_list() == ["diverged"]
    assert table["message"].to_list() == ["The loss is not a number."]
    assert table["chance"].to_list() == ["no"]


def test_no_failure_is_good_news(insights: Any, tmp_path: Path) -> None:
    stored(tmp_path, [rows.search("houses"), rows.trial(ID, 0), rows.trial(ID, 1)])
    assert "None of 2 trials has failed." in said(insights(tmp_path, "Failures"))


def test_workers_say_how_long_they_waited(insights: Any, store: Path) -> None:
    app = insights(store, "Workers")
    text = said(app)
    assert "120 shown of 120 attempts. Full bars are complete, pale ones stopped early" in text
    assert "Refits have lines of their own: their worker is in no table" in text
    assert "All workers together trained nothing in" in text
    table = next(frame.value for frame in app.dataframe if "idle" in frame.value.columns)
    assert table["worker"].to_list() == ["0", "1"]
    assert table["attempts"].sum() == 120


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("running", "No trial has ended yet: what they tell appears here as they do."),
        ("complete", "No trial ended in this search, so there is nothing to see."),
    ],
)
def test_a_search_without_trials_says_so(insights: Any, tmp_path: Path, state: str, sentence: str) -> None:
    stored(tmp_path, [rows.search("houses", state)])
    assert sentence in said(insights(tmp_path, "Parameters"))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("n_trials", [1, 2])
def test_one_or_two_trials_are_enough_for_words(
    insights: Any, tmp_path: Path, part: str, n_trials: int
) -> None:
    stored(tmp_path, whole(n_trials), plain=None)
    assert not insights(tmp_path, part).error


@pytest.mark.parametrize("part", PARTS)
def test_a_search_whose_trials_all_failed_has_words_for_it(insights: Any, tmp_path: Path, part: str) -> None:
    failed = [
        replace(configured(number, "failed"), state="failed", score=None, reason="hung", message=None)
        for number in range(30)
    ]
    stored(tmp_path, [rows.search("houses", "failed"), *failed])
    app = insights(tmp_path, part)
    assert not app.error
    expected = {
        "Parameters": "It takes 10 trials to say, and there are 0 so far.",
        "Lines": "No trial has a score to draw yet.",
        "Trade-offs": "No complete trial that meets the constraints has both rmse and n_parameters yet.",
        "Rungs": "There are no curves yet: they are drawn for complete and stopped trials.",
        "Failures": "30 trials of 30 failed (100%).",
        "Workers": "30 shown of 30 attempts.",
    }
    assert expected[part] in said(app).replace("\\", "")


@pytest.mark.parametrize("part", PARTS)
def test_hostile_names_are_shown_as_text(insights: Any, tmp_path: Path, part: str) -> None:
    changed = [
        replace(
            row,
            search_id=HOSTILE,
            family=HOSTILE if row.trial % 2 else "mlp",
            message=HOSTILE,
            worker=HOSTILE,
        )
        for row in (configured(number, "complete") for number in range(40))
    ]
    odd = [
        replace(
            row, parameters='{"' + 'x"y'.replace('"', "<b>[l](https://evil.example) $") + f'": {row.trial}}}'
        )
        for row in changed
    ]
    head = rows.search("evil", search_id=HOSTILE, name=HOSTILE, metric="rmse")
    stored(tmp_path, [head, *odd], plain=None)
    app = insights(tmp_path, part, HOSTILE)
    assert not app.error
    for element in (*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.success):
        assert "<b>" not in element.value.replace("\\<", "")
        assert "[l](" not in element.value
