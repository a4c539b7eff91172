"""Models: which checkpoint to take, whether it is whole, what it is, and what it says of one input."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path
from typing import Any

import dashboard_bundles as bundles
import dashboard_store as rows
import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard_app import said
from dashboard_bundles import HOUSES
from dashboard_store import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from test_every_task import CASES, Case

import automl
from automl.bundle_files import CARD, MANIFEST, PREPROCESSING, WEIGHTS, write_manifest
from automl.errors import BundleError, RequestError
from automl.predicting import prediction_frame
from automl.store import open_store
from automl.store.pulling import bundle_of
from dashboard.queries import input_files, inputs, models
from dashboard.snapshot import Snapshot
from dashboard.views import card, model, prediction

VERIFIED = "verified: every file has the hash that was recorded"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A search with two finalists, whose refits have their bundles, and a baseline that is worse."""
    found = [
        rows.search("houses"),
        *rows.entry(f"{HOUSES}/17", 0.3),
        *rows.entry(f"{HOUSES}/64", 0.5),
        *rows.entry("linear", 0.9),
    ]
    for trial in (17, 64):
        for seed in range(3):
            bundles.place(tmp_path, f"{trial}-{seed}")
    return rows.write(tmp_path, found)


def _chosen(store: Path) -> Path:
    """The folder of the bundle that `automl pull SEARCH` takes."""
    found = bundle_of(open_store(store), HOUSES).on_disk()
    assert found is not None
    return found


def _badges(app: Any) -> str:
    return "\n".join(element.value for element in app.markdown)


# Which one to take


def test_an_empty_store_says_how_to_begin(see, tmp_path: Path) -> None:
    app = see(tmp_path, "models")
    assert "No verified checkpoint yet: there is no search in this store." in said(app)
    assert f"automl demo --store {tmp_path}" in said(app)


def test_a_missing_store_says_so(see, tmp_path: Path) -> None:
    assert "The store cannot be reached" in see(tmp_path / "nowhere", "models").error[0].value


def test_the_card_is_what_pull_gives(see, store: Path) -> None:
    app = see(store, "models")
    which = f"{HOUSES}/{_chosen(store).parts[-3]}"
    assert which.startswith(f"{HOUSES}/17-")
    assert f"automl pull {which} ./{which.replace('/', '-')} --store {store}" in said(app)
    assert VERIFIED in _badges(app)
    assert "on test rows, 95 % interval 0.28 … 0.34" in said(app)
    assert "the mean of 3 seeds" in said(app)
    assert "data: licence not recorded" in said(app)
    assert "1 to 1 shown of 1 model, by data set." in said(app)


def test_the_best_search_on_the_same_rows_is_taken(tmp_path: Path) -> None:
    other = "again-0a1b2c3d"
    found = [
        rows.search("houses"),
        rows.search("again"),
        *rows.entry(f"{HOUSES}/1", 0.5),
        *rows.entry(f"{other}/1", 0.2),
    ]
    snapshot = Snapshot(open_store(rows.write(tmp_path, found)))
    best = models.checkpoints(snapshot).to_dicts()
    assert [(row["search_id"], row["n_searches"], row["n_versions"]) for row in best] == [(other, 2, 1)]


def test_the_data_that_was_scored_last_counts(tmp_path: Path) -> None:
    new = {"fingerprint": "e" * 16}
    later = {"ended_at": rows.BEGIN.replace(year=2027), **new}
    found = [
        *(rows.search("houses"), rows.search("again", **new)),
        *rows.entry(f"{HOUSES}/1", 0.1),
        *rows.entry("again-0a1b2c3d/1", 0.9, **later),
    ]
    best = models.checkpoints(Snapshot(open_store(rows.write(tmp_path, found)))).to_dicts()
    assert [(row["search_id"], row["n_versions"]) for row in best] == [("again-0a1b2c3d", 2)]


def test_a_baseline_that_scores_better_is_named(see, store: Path) -> None:
    rows.write(store, rows.entry("gradient_boosting", 0.1))
    warning = see(store, "models").warning[0].value
    assert warning.startswith(
        "The baseline gradient\\_boosting scores better on the same test rows\\: 0"
    ) or ("gradient\\_boosting scores better on the same test rows" in warning)


def test_one_seed_is_said(see, tmp_path: Path) -> None:
    bundles.place(tmp_path)
    store = rows.write(tmp_path, [rows.search("houses"), *rows.entry(f"{HOUSES}/17", 0.3, n_seeds=1)])
    assert "n = 1 seed" in said(see(store, "models"))


def test_a_licence_is_that_of_the_registered_data(tmp_path: Path) -> None:
    spec = json.dumps({"data": {"name": "digits", "path": None, "openml": None}})
    own = json.dumps({"data": {"name": "digits", "path": "digits.csv", "openml": None}})
    found = [
        rows.search("one", spec=spec),
        rows.search("two", spec=own),
        rows.search("three", spec="nothing"),
    ]
    snapshot = Snapshot(open_store(rows.write(tmp_path, found)))
    licences = [models.licence(snapshot, f"{name}-0a1b2c3d") for name in ("one", "two", "three", "nobody")]
    assert licences == ["CC BY 4.0", None, None, None]


def test_what_is_missing_is_said(see, tmp_path: Path) -> None:
    found = [
        rows.search("runs", "running", dataset="taxi"),
        rows.search("halted", "stopped", dataset="planes", n_complete=3),
        rows.search("broken", "failed", dataset="boats", reason="storage"),
    ]
    app = see(rows.write(tmp_path, found), "models")
    missing = dict(zip(app.dataframe[0].value["dataset"], app.dataframe[0].value["missing"], strict=True))
    assert missing == {
        "taxi": "runs-0a1b2c3d is running; its finalists are trained again, and kept, at its end.",
        "planes": "halted-0a1b2c3d ended before its finalists were trained again. `automl resume` goes on with it; "
        "one of its trials can be pulled as it is.",
        "boats": "broken-0a1b2c3d ended failed (storage) without a complete trial.",
    }


def test_models_are_filtered_by_the_address(see, store: Path) -> None:
    assert "1 to 1 shown of 1 model" in said(see(store, "models", q="HOUSES"))
    assert "No model fits this filter." in said(see(store, "models", q="zebra"))
    unknown = see(store, "models", dataset="zebra")
    assert "There is no search on a data set zebra in this store; all are shown." in unknown.warning[0].value


def test_many_models_come_in_pages(see, tmp_path: Path) -> None:
    found = []
    for n in range(20):
        block = {"dataset": f"set{n:02}", "fingerprint": f"{n:016}"}
        found += [
            rows.search(f"s{n:02}", **block),
            *rows.entry(f"s{n:02}-0a1b2c3d/1", 0.3, n_seeds=1, n_rows=5, **block),
        ]
    store = rows.write(tmp_path, found)
    assert "1 to 8 shown of 20 models, by data set." in said(see(store, "models"))
    assert "17 to 20 shown of 20 models" in said(see(store, "models", part="3"))
    assert "1 to 8 shown of 20 models" in said(see(store, "models", part="99"))


# Whether it is whole


def test_an_altered_bundle_is_not_verified(see, store: Path) -> None:
    bundles.flip(_chosen(store) / WEIGHTS)
    app = see(store, "models")
    assert "not whole" in _badges(app)
    assert "No verified checkpoint yet: " in said(app)
    assert "is not the file that was saved" in said(app)
    assert "automl pull" not in "\n".join(code.value for code in app.code)
    opened = see(store, "models", id=HOUSES)
    assert "This checkpoint is not the one that was saved" in opened.error[0].value


def test_a_bundle_in_the_place_of_another_is_not_verified(see, store: Path) -> None:
    bundles.change(_chosen(store), details={"search_id": "other-00000000", "name": "1-0"})
    assert "somebody has put it in the place of another" in said(see(store, "models", id=HOUSES))


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, CARD])
def test_a_bundle_that_lacks_a_file_says_so(see, store: Path, name: str) -> None:
    (_chosen(store) / name).unlink()
    for query in ({}, {"id": HOUSES}):
        app = see(store, "models", **query)
        assert VERIFIED not in _badges(app)
        assert "is not there any more" in said(app) or f"lacks its file {name}" in said(app)


def test_what_is_checked_only_when_asked_says_so(see, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.queries.checking.CHECKED_AT_ONCE_BYTES", 0)
    app = see(store, "models", id=HOUSES)
    assert "not checked yet" in _badges(app)
    app.button(key="check").click().run()
    assert VERIFIED in _badges(app)
    assert not app.button(key="FormSubmitter:try-Predict").disabled


# One model


@pytest.mark.parametrize(
    "which", ["nobody-00000000", f"{HOUSES}/99", f"{HOUSES}/99-0", f"{HOUSES}/love", "../../etc", HOSTILE]
)
def test_an_unknown_model_is_said_to_be_one(see, store: Path, which: str) -> None:
    app = see(store, "models", id=which)
    assert "There is no such model" in app.warning[0].value
    for element in (*app.title, *app.markdown, *app.caption, *app.error, *app.warning):
        assert "<img" not in element.value.replace("\\<", "")


def test_a_model_shows_its_card_its_hashes_and_how_to_get_it(see, store: Path) -> None:
    app = see(store, "models", id=f"{HOUSES}/64-1")
    folder = store / "searches" / HOUSES / "refits" / "64-1" / "1-0a1b2c3d" / "bundle"
    text = said(app)
    for entry in json.loads((folder / MANIFEST).read_text())["files"].values():
        assert entry["sha256"] in text
    assert f'model = automl.load("./{HOUSES}-64-1")' in text
    assert f"automl pull {HOUSES}/64-1 ./{HOUSES}-64-1 --store {store} --onnx" in text
    assert "#### mlp for price" in text
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["rmse ↓ on test rows"] == "0.31"
    assert metrics["95 % interval"] == "0.28 … 0.34"
    assert metrics["Weights"] == "85"


def test_a_model_of_somebodys_own_file_has_no_form(see, store: Path) -> None:
    bundles.change(_chosen(store), file_family=True)
    assert "a family from a file of somebody's own" in see(store, "models", id=HOUSES).info[0].value


def test_a_hostile_card_is_shown_and_nothing_of_it_followed(see, store: Path) -> None:
    folder = _chosen(store)
    (folder / CARD).write_text(
        f"# {HOSTILE}\n\n![x](https://evil.example/a.png) <script>alert(1)</script>\n[a]: javascript:x"
    )
    write_manifest(folder)
    app = see(store, "models", id=HOUSES)
    shown = [element.value for element in app.markdown if "evil" in element.value]
    assert shown
    for value in shown:
        assert "](" not in value.replace("\\](", "")
        assert "<" not in value.replace("\\<", "")
        assert "//evil" not in value


def test_details_of_another_form_are_left_out(see, store: Path) -> None:
    bundles.change(
        _chosen(store),
        details={"search_id": HOUSES, "name": _chosen(store).parts[-3], "scores": 7, "intervals": []},
    )
    assert VERIFIED in _badges(see(store, "models", id=HOUSES))


@given(st.text(max_size=200))
def test_a_line_of_a_card_keeps_no_sign_that_begins_a_link_or_markup(line: str) -> None:
    shown = card.harmless(card._visible(line.replace("\n", " ")))
    outside = re.sub(r"\\[!-/:-@\[-`{-~]|`[\w ./,+=()\"-]+`", "", shown)
    assert not set(outside) & set("<>[]$`~&\\@")


# Trying it


def test_a_model_is_tried_on_one_input(see, store: Path) -> None:
    app = see(store, "models", id=HOUSES)
    app.number_input(key="try-0").set_value(0.5)
    app.selectbox(key="try-2").set_value("red")
    app.button(key="FormSubmitter:try-Predict").click().run(timeout=120)
    assert not app.exception
    assert float(next(metric.value for metric in app.metric if metric.label == "Prediction")) != 0


def test_what_the_command_says_is_wrong_is_shown_as_it_is(see, store: Path) -> None:
    for number in range(3):
        folder = store / "searches" / HOUSES / "refits" / f"17-{number}" / "1-0a1b2c3d" / "bundle"
        plain = json.loads((folder / PREPROCESSING).read_text())
        plain["encoder"]["columns"][0]["name"] = plain["encoder"]["columns"][1]["name"]
        (folder / PREPROCESSING).write_text(json.dumps(plain))
        write_manifest(folder)
    app = see(store, "models", id=HOUSES)
    app.button(key="FormSubmitter:try-Predict").click().run(timeout=120)
    assert not app.exception
    assert app.error
    assert "Traceback" not in said(app)


def _given(asked: inputs.Input, case: Case, source: Path, folder: Path, plain: dict[str, Any]) -> Path:
    """One input as a user gives it."""
    if asked.form == "fields":
        return input_files.fields_file(
            folder, {field.name: 'the film, "was"\nlovely' for field in asked.fields}
        )
    if asked.form == "lines":
        return input_files.lines_file(folder, source.read_text())
    if asked.form == "steps":
        line = source.read_text().splitlines()[3].partition(":")[0]
        return input_files.steps_file(folder, line.replace(",", "\n"), plain["encoder"])
    one = next(file for file in sorted(source.rglob("*")) if file.is_file())
    assert asked.form == case.kind
    return input_files.media_file(folder, f"../{one.name.upper()}", one.read_bytes())


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.kind != "table" and case.task != "generation"],
    ids=lambda case: case.kind,
)
def test_one_input_of_every_kind_is_read_by_the_command(case: Case, tmp_path: Path) -> None:
    source = case.make(tmp_path)
    result = case.search(source, tmp_path / "store")
    pulled = result.pull(tmp_path / "model")
    plain = json.loads((pulled / PREPROCESSING).read_text())
    (tmp_path / "given").mkdir()
    file = _given(inputs.input_of(plain), case, source, tmp_path / "given", plain)
    assert file.parent == tmp_path / "given"
    frame = prediction_frame(automl.load(pulled), file)
    assert frame.height == (case.rows if case.task == "forecasting" else 1)


def test_a_table_is_asked_for_column_by_column() -> None:
    asked = inputs.input_of(json.loads((bundles.SAVED / PREPROCESSING).read_text()))
    assert [(field.name, field.kind) for field in asked.fields] == [
        ("a", "number"),
        ("b", "number"),
        ("colour", "category"),
    ]
    assert asked.fields[2].choices == ["blue", "green", "red"]
    assert asked.fields[0].about == "in training: -2.32503 to 2.00239"


def test_a_wide_table_is_pasted() -> None:
    number = {"type": "number", "low": 0, "high": 2, "median": 1}
    columns = [{**number, "name": f"c{n}"} for n in range(100)]
    asked = inputs.input_of({"kind": "table", "encoder": {"columns": columns}})
    assert asked.form == "lines"
    assert [line.count(",") for line in asked.lines.splitlines()] == [99, 99]


def test_dates_booleans_and_large_categories_are_asked_for() -> None:
    date = {
        "type": "date",
        "name": "day",
        "form": "%d.%m.%Y",
        "low": "2024-01-31 00:00:00",
        "high": "2025-01-01 00:00:00",
    }
    many = {"type": "category", "name": "city", "categories": [f"c{n}" for n in range(2000)]}
    boolean = {"type": "boolean", "name": "new"}
    day, city, new = inputs.input_of({"kind": "table", "encoder": {"columns": [date, many, boolean]}}).fields
    assert (day.kind, day.start) == ("text", "31.01.2024")
    assert (city.kind, city.about) == ("text", "one of 2,000 values, such as c0")
    assert (new.kind, new.choices) == ("category", ("false", "true"))


def test_series_and_forecasts_are_pasted(tmp_path: Path) -> None:
    shape = {"n_steps": 3, "every": 1, "mean": [0.0, 0.0], "time": None, "name": None}
    two = inputs.input_of({"kind": "series", "encoder": {**shape, "columns": []}})
    assert (
        two.about
        == "The steps of one series, a line each, with 2 numbers, one a channel; in training up to 3 steps."
    )
    file = input_files.steps_file(tmp_path, "1,4\n2,\n3,6\n", {"columns": []})
    assert file.read_text().endswith("@data\n1,2,3:4,?,6\n")
    wide = input_files.steps_file(tmp_path, "1\n2\n3", {"columns": ["s0", "s1", "s2"]})
    assert wide.read_text() == "s0,s1,s2\n1,2,3\n"
    long = inputs.input_of(
        {"kind": "series", "encoder": {**shape, "columns": ["x"], "name": "id", "time": "t"}}
    )
    assert long.lines == "id,t,x\n"
    layout = {"targets": ["y"], "past": [], "known": ["price"], "time": "t", "series": None}
    ahead = inputs.input_of(
        {"kind": "forecast", "encoder": {"layout": layout, "look_back": 24, "horizon": 6}}
    )
    assert ahead.lines == "t,y,price\n"
    assert (
        ahead.about
        == "The last 24 steps or more as CSV, a line each, with their time, and price of the 6 steps ahead."
    )


@pytest.mark.parametrize(
    ("lines", "columns", "sentence"),
    [
        ("", [], "There is nothing to predict from: paste some numbers."),
        ("1,2\n3", [], "Every line should have as many numbers as the others: one a channel."),
        ("1,2", ["a", "b", "c"], "The series should have 3 numbers, but has 2."),
    ],
)
def test_numbers_that_are_no_series_are_refused(
    tmp_path: Path, lines: str, columns: list[str], sentence: str
) -> None:
    with pytest.raises(RequestError) as refused:
        input_files.steps_file(tmp_path, lines, {"columns": columns})
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"kind": "love", "encoder": {}},
        {"kind": "table", "encoder": []},
        {"kind": "table", "encoder": {"columns": [{"type": "number", "name": "a"}]}},
    ],
)
def test_a_preprocessing_of_another_form_is_refused(plain: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="What the model is given cannot be read from its preprocessing"):
        inputs.input_of(plain)


def test_a_missing_value_is_an_empty_cell(tmp_path: Path) -> None:
    file = input_files.fields_file(tmp_path, {"a": None, 'b"': "x,\ny"})
    assert file.read_text() == 'a,"b"""\n,"x,\ny"\n'


def test_examples() -> None:
    for module in (card, model, prediction):
        assert doctest.testmod(module).failed == 0
