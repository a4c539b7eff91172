"""The page that shows trials side by side, and the table that it makes of them."""

from __future__ import annotations

import csv
import doctest
import io
from pathlib import Path
from typing import Any

import dashboard_store as rows
import polars as pl
import pytest
from dashboard_app import said
from dashboard_store import HOSTILE

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.store import open_store
from dashboard import links
from dashboard.charts import overlay
from dashboard.queries import comparison, comparison_table
from dashboard.snapshot import Snapshot

HOUSES, TAXI = "houses-0a1b2c3d", "taxi-0a1b2c3d"


@pytest.fixture
def snapshot(many: Path) -> Snapshot:
    return Snapshot(open_store(many))


def found(snapshot: Snapshot, *ids: str) -> list[comparison.Column]:
    return comparison.asked(snapshot, ids).found


def table_of(app: Any) -> pl.DataFrame:
    return pl.from_pandas(next(frame.value for frame in app.dataframe if "what" in frame.value.columns))


def test_examples_hold() -> None:
    assert doctest.testmod(comparison).failed == 0


def test_the_table_is_what_a_loop_gives(snapshot: Snapshot) -> None:
    columns = found(snapshot, f"{HOUSES}/0", f"{HOUSES}/2", f"{TAXI}/5")
    whole, differing = (comparison_table.table(columns, only) for only in (False, True))
    for mark, _, what, *cells in whole.iter_rows():
        assert (mark == "same") == (len(set(cells)) == 1)
        assert (what in differing["what"]) == (mark != "same")
    lines = {line[2]: line[3:] for line in whole.iter_rows()}
    assert lines["weights"] == tuple(f"{column.trial['n_parameters']:,}" for column in columns)
    assert lines["seed"] == ("0", "2", "5")
    assert lines["learning_rate"] == ("0.0013",) * 3
    assert "learning_rate" not in differing["what"]


def test_scores_of_different_data_stand_in_rows_of_their_own(snapshot: Snapshot, tmp_path: Path) -> None:
    alike = comparison_table.table(found(snapshot, f"{HOUSES}/0", f"{HOUSES}/2"), False)
    assert "validation rmse ↓" in alike["what"]
    other = rows.search("taxi", fingerprint="e" * 16, dataset="taxi")
    root = rows.write(tmp_path, [rows.search("houses"), rows.trial(HOUSES, 0), other, rows.trial(TAXI, 0)])
    columns = found(Snapshot(open_store(root)), f"{HOUSES}/0", f"{TAXI}/0")
    lines = comparison_table.table(columns, False).filter(pl.col("what").str.contains("rmse"))
    assert lines["what"].to_list() == [
        "validation rmse ↓ · houses (ffffffff, split aaaaaaaa)",
        "validation rmse ↓ · taxi (eeeeeeee, split aaaaaaaa)",
    ]
    assert (lines[f"{TAXI}/0"][0], lines[f"{HOUSES}/0"][1]) == ("-", "-")
    assert [len(group) for _, group in comparison.blocks(columns)] == [1, 1]


def test_refits_stand_beside_trials(snapshot: Snapshot) -> None:
    columns = found(snapshot, f"{HOUSES}/17", f"{HOUSES}/17-2")
    lines = {line[2]: line[3:] for line in comparison_table.table(columns, False).iter_rows()}
    assert lines["seed"] == ("17", "2")
    assert lines["test rmse ↓"][0] == "-"
    assert float(lines["test rmse ↓"][1]) > 0


def test_what_is_unknown_or_too_much_is_told(snapshot: Snapshot) -> None:
    ids = ["nonsense", f"{HOUSES}/9999", f"{HOUSES}/17-9", *(f"{HOUSES}/{i}" for i in range(20))]
    told = comparison.asked(snapshot, ids)
    assert told.unknown == ["nonsense", f"{HOUSES}/9999", f"{HOUSES}/17-9"]
    assert (len(told.found), told.n_cut) == (17, 3)


def test_curves_are_thinned_by_trial(tmp_path: Path) -> None:
    long = [rows.trial(HOUSES, number, n_epochs=3000) for number in range(2)]
    curves = [epoch for row in long for epoch in rows.epochs(row)]
    snapshot = Snapshot(open_store(rows.write(tmp_path, [rows.search("houses"), *long, *curves])))
    columns = found(snapshot, f"{HOUSES}/0", f"{HOUSES}/1")
    drawn = comparison.curves(snapshot, columns, "rmse")
    for number in range(2):
        own = drawn.filter(trial=f"{HOUSES}/{number}")
        assert own.height <= comparison.MAX_POINTS
        assert (own["epoch"][0], own["epoch"][-1]) == (1, 3000)


def test_a_file_for_spreadsheets_holds_no_formula() -> None:
    frame = pl.DataFrame({"what": ["=1+1", "@x", "-0.5", "-cmd", "a"], "b": ["1"] * 5})
    lines = list(csv.reader(io.StringIO(comparison_table.as_csv(frame).decode())))
    assert [line[0] for line in lines] == ["what", "'=1+1", "'@x", "-0.5", "'-cmd", "a"]


def test_a_trial_has_one_colour_in_every_chart() -> None:
    names = [f"s/{i}" for i in range(9)]
    values = pl.DataFrame({"trial": ["s/8"], "epoch": [1], "value": [0.5]})
    bands = pl.DataFrame({"trial": ["s/8"], "mean": [0.5], "low": [0.4], "high": [0.6]})
    seeds = pl.DataFrame({"trial": ["s/8"], "score": [0.5]})
    curves = overlay.curves(values, names, "rmse").to_dict()
    spread = overlay.spread(seeds, bands, names, "rmse").to_dict()
    key = overlay.key(names, names).to_dict()["layer"][:1]
    domains = [
        layer["encoding"]["color"]["scale"]["domain"]
        for chart in (curves, spread, {"layer": key})
        for layer in chart["layer"]
    ]
    assert all(domain == names for domain in domains)
    dashes = curves["layer"][0]["encoding"]["strokeDash"]["scale"]
    assert dashes["range"][0] != dashes["range"][8]  # they share a colour


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ("", "No trial is chosen: two and more can be compared."),
        (f"{HOUSES}/0", "One trial is chosen: two and more can be compared."),
        (f"{HOUSES}/0,{HOUSES}/0", "One trial is chosen"),
        ("nope/1,<script>", "No trial is chosen"),
    ],
)
def test_fewer_than_two_say_how_to_add(see, many: Path, ids: str, sentence: str) -> None:
    app = see(many, "compare", ids=ids)
    assert sentence in app.info[0].value
    assert "press “Compare”" in app.info[0].value


def test_an_empty_store_says_how_to_add(see, tmp_path: Path) -> None:
    rows.write(tmp_path, [])
    assert "No trial is chosen" in see(tmp_path, "compare").info[0].value


def test_unknown_ids_are_named_and_the_others_shown(see, many: Path) -> None:
    app = see(many, "compare", ids=f"{HOUSES}/0,nope/3,{HOUSES}/2,{HOSTILE}")
    assert "Not everything in the address is in this store" in app.warning[0].value
    assert "holds no trial 'nope/3', " in said(app)
    assert {f"{HOUSES}/0", f"{HOUSES}/2"} <= set(table_of(app).columns)


def test_more_than_twenty_are_cut_and_it_says_so(see, many: Path) -> None:
    app = see(many, "compare", ids=",".join(f"{HOUSES}/{i}" for i in range(23)))
    assert "At most 20 are compared: 3 trials behind these are left out." in app.warning[0].value
    assert len(table_of(app).columns) == 21


def test_different_data_are_never_on_one_axis(see, tmp_path: Path) -> None:
    other = rows.search("taxi", fingerprint="e" * 16, dataset="taxi")
    trials = [rows.trial(name, number) for name in (HOUSES, TAXI) for number in (0, 2)]
    curves = [epoch for row in trials for epoch in rows.epochs(row)]
    root = rows.write(tmp_path, [rows.search("houses"), other, *trials, *curves])
    app = see(root, "compare", ids=f"{HOUSES}/0,{TAXI}/0,{HOUSES}/2,{TAXI}/2")
    assert "Their scores cannot all be compared" in app.warning[0].value
    assert f"rmse on houses (ffffffff, split aaaaaaaa): {HOUSES}/0, {HOUSES}/2" in said(app)
    drawn = [set(frame.value["trial"]) for frame in app.dataframe if "epoch" in frame.value.columns]
    assert drawn == [{f"{HOUSES}/0", f"{HOUSES}/2"}, {f"{TAXI}/0", f"{TAXI}/2"}]


def test_only_differing_rows_is_a_switch_of_the_address(see, many: Path) -> None:
    ids = f"{HOUSES}/0,{HOUSES}/2"
    few, all_ = see(many, "compare", ids=ids), see(many, "compare", ids=ids, differing="false")
    assert "learning_rate" not in table_of(few)["what"]
    assert "learning_rate" in table_of(all_)["what"]
    assert "all say the same." in said(few)


def test_refits_are_shown_by_mean_and_spread(see, many: Path) -> None:
    app = see(many, "compare", ids=f"{HOUSES}/17,{HOUSES}/64-1,{HOUSES}/2")
    table = next(frame.value for frame in app.dataframe if "deviation" in frame.value.columns)
    assert table["trial"].to_list() == [f"{HOUSES}/17", f"{HOUSES}/64"]
    assert table["n"].to_list() == [3, 3]
    assert "Refits have no curve: the tables keep those of trials only." in said(app)


def test_trials_are_added_taken_out_and_cleared(see, many: Path) -> None:
    app = see(many, "compare", ids=f"{HOUSES}/0,{HOUSES}/2")
    app.text_input(key="add").set_value(f"{HOUSES}/5, {TAXI}/0").run()
    assert f"{TAXI}/0" in table_of(app).columns
    app.button(key="remove-0").click().run()
    assert f"{HOUSES}/0" not in table_of(app).columns
    assert links.address("compare", ids=f"{HOUSES}/2,{HOUSES}/5,{TAXI}/0") in said(app)
    app.button(key="clear").click().run()
    assert "No trial is chosen" in app.info[0].value
    assert not app.exception


def test_hostile_words_are_escaped(see, tmp_path: Path) -> None:
    head = rows.search("evil", search_id=HOSTILE, dataset=HOSTILE, metric=HOSTILE)
    row = rows.trial(HOSTILE, 0, family=HOSTILE, metric=HOSTILE, origin=HOSTILE)
    again = rows.trial(HOSTILE, 1, metric=HOSTILE)
    root = rows.write(tmp_path, [head, row, again, *rows.epochs(row, HOSTILE), *rows.epochs(again, HOSTILE)])
    app = see(root, "compare", ids=f"{HOSTILE}/0,{HOSTILE}/1")
    assert table_of(app).width == 3
    for element in (*app.markdown, *app.caption, *app.warning, *app.info, *app.subheader):
        assert "<img" not in element.value.replace("\\<", "")
