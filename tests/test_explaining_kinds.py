"""Predictions of every kind of data and of task are explained in the words of their data."""

from __future__ import annotations

import base64
import csv
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from test_every_task import CASES, Case

import automl
from automl.errors import RequestError
from automl.execution.local import LocalExecutor
from automl.explaining import Request, explain
from automl.explaining.pictures import heat_png, image_png
from automl.explaining.words import lines, write

N_ROWS = 3


@pytest.fixture(autouse=True)
def _no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOML_URL", raising=False)


def explained(case: Case, folder: Path, **data: Any) -> dict[str, Any]:
    source = case.make(folder)
    result = automl.search(
        {
            "data": {"path": str(source), **case.data, **data},
            "task": case.task if case.given else "auto",
            "families": case.families,
            "budget": {"trials": 1, "epochs": 2},
            "finalists": {"top": 1, "seeds": 1},
        },
        store=folder / "store",
        executor=LocalExecutor(),
    )
    found = explain(Request(result.search_id, n=N_ROWS), folder / "store")
    assert (found["task"], found["kind"]) == (case.task, case.kind)
    assert len(found["rows"]) == N_ROWS
    assert all(np.isfinite(row["loss"]) for row in found["rows"])
    assert all(row["gap"] is None or row["gap"] >= 0 for row in found["rows"])
    return found


def case_of(kind: str, task: str) -> Case:
    return next(case for case in CASES if (case.kind, case.task) == (kind, task))


def by_gradients(found: dict[str, Any], start: str) -> bool:
    said: str = found["method"]
    return said.startswith("integrated gradients (Sundararajan et al., 2017), 32") and said.endswith(
        f" steps from {start}"
    )


def test_classes_of_a_table_are_explained_by_column(tmp_path: Path) -> None:
    found = explained(case_of("table", "classification"), tmp_path)
    assert by_gradients(found, "a row in the middle of every column")
    assert found["explained"] == "the logit of the predicted class"
    assert found["chosen"] == "the 3 rows with the largest log loss"
    came = pl.read_csv(tmp_path / "rows.csv")
    for row in found["rows"]:
        assert set(row["attribution"]) == {"x", "y", "z", "place"}
        assert row["input"] == came.select("x", "y", "z", "place").row(row["row"], named=True)
        assert row["target"] == str(came["a"][row["row"]])
        assert list(row["probabilities"].values()) == sorted(row["probabilities"].values(), reverse=True)
        assert next(iter(row["probabilities"])) == row["prediction"]
        assert row["loss"] == pytest.approx(-np.log(row["probabilities"][row["target"]]))
        assert row["gap"] < 0.05


def test_labels_of_a_table_are_explained(tmp_path: Path) -> None:
    found = explained(case_of("table", "multilabel"), tmp_path)
    assert found["explained"] == "the logit of the likeliest label"
    assert {row["target"] for row in found["rows"]} <= {"", "a", "b", "a|b"}
    assert all(set(row["probabilities"]) == {"a", "b"} for row in found["rows"])


def test_several_numbers_and_quantiles_of_a_table_are_explained(tmp_path: Path) -> None:
    found = explained(case_of("table", "regression"), tmp_path)
    assert set(found["rows"][0]["target"]) == set(found["rows"][0]["prediction"]) == {"size", "cost"}
    text = "\n".join(lines(found))
    assert "target size " in text
    (tmp_path / "other").mkdir()
    found = explained(case_of("table", "quantile"), tmp_path / "other")
    assert found["explained"] == "the quantile 0.5, in its own units"
    assert found["measure"] == "pinball loss"
    assert all(isinstance(row["prediction"], float) for row in found["rows"])


def test_anomalies_with_categories_are_explained_by_hiding_columns(tmp_path: Path) -> None:
    """An autoencoder takes categories as they are, and not by an embedding."""
    found = explained(case_of("table", "anomaly"), tmp_path)
    assert found["method"] == (
        "occlusion (Zeiler & Fergus, 2014): what is lost where a column is put to its middle, or to no category"
    )
    assert found["explained"] == "the score of anomaly"
    assert {row["target"] for row in found["rows"]} <= {"0", "1"}
    assert set(found["rows"][0]["attribution"]) == {"x", "y", "z", "place"}


@pytest.mark.parametrize(
    ("task", "do"), [("representation", "give an embedding of a row"), ("generation", "make up rows")]
)
def test_what_predicts_nothing_is_not_explained(task: str, do: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=f"The networks of this search {do} and predict nothing"):
        explained(case_of("table", task), tmp_path)


def test_images_are_explained_by_pixel(tmp_path: Path) -> None:
    found = explained(case_of("image", "classification"), tmp_path)
    assert by_gradients(found, "an image with the mean of the training pixels")
    for row in found["rows"]:
        image, heat = (
            Image.open(BytesIO(base64.b64decode(row[name]["png"]))) for name in ("input", "attribution")
        )
        assert image.size == heat.size == (168, 168)
        assert (image.mode, heat.mode) == ("L", "RGB")
        assert 0 < row["attribution"]["full_colour"] <= row["attribution"]["largest"]
        mean = np.asarray(image).mean()
        assert (row["target"] == "light") == (mean > 100), "it is the image of that row"
    written = write(found, tmp_path / "out")
    assert [file.name for file in written] == [f"row-{row['row']}.png" for row in found["rows"]]
    assert Image.open(BytesIO(written[0].read_bytes())).size == (168 + 8 + 168, 168)


def test_texts_are_explained_by_token(tmp_path: Path) -> None:
    found = explained(case_of("text", "classification"), tmp_path)
    assert by_gradients(found, "a text of unknown words")
    came = pl.read_csv(tmp_path / "reviews.csv")["review"]
    for row in found["rows"]:
        tokens = row["input"]["tokens"]
        assert "".join(token.removeprefix("##") for token in tokens) == came[row["row"]].replace(" ", "")
        assert len(row["attribution"]) == len(tokens)
        assert row["gap"] < 0.05
    text = "\n".join(lines(found))
    assert "A token with + adds to it, one with - takes away; two marks are much." in text
    assert "++]" in text or "--]" in text
    write(found, tmp_path / "out")
    assert pl.read_csv(tmp_path / "out" / "contributions.csv").columns == [
        "row",
        "place",
        "token",
        "contribution",
    ]


def test_recordings_are_explained_by_stretch(tmp_path: Path) -> None:
    found = explained(case_of("audio", "classification"), tmp_path)
    assert found["method"] == (
        "occlusion (Zeiler & Fergus, 2014): what is lost where one of 48 stretches of the recording is silenced"
    )
    for row in found["rows"]:
        assert 0.04 < row["input"]["seconds"] < 0.06
        assert len(row["input"]["wave"]) == len(row["attribution"]) == round(row["input"]["seconds"] * 8000)
        assert 1 < len(set(row["attribution"])) <= 48 * 2
    assert any(line.startswith("--out DIR writes each row as a file") for line in lines(found))
    (first, *_) = write(found, tmp_path / "out")
    assert pl.read_csv(first).columns == ["step", "wave", "contribution"]


def test_series_are_explained_by_step(tmp_path: Path) -> None:
    found = explained(case_of("series", "classification"), tmp_path)
    assert by_gradients(found, "a series with the mean of every channel")
    came = (tmp_path / "waves.ts").read_text().splitlines()[3:]
    for row in found["rows"]:
        assert row["input"]["names"] == ["1"]
        values, label = came[row["row"]].rsplit(":", 1)
        np.testing.assert_allclose(
            row["input"]["values"][0], [float(one) for one in values.split(",")], atol=1e-4
        )
        assert row["target"] == label
        assert np.shape(row["attribution"]) == (1, 16)


def test_forecasts_are_explained_by_step_with_what_is_known_ahead(tmp_path: Path) -> None:
    case = replace(case_of("series", "forecasting"), families=["rnn"])
    found = explained(case, tmp_path)
    assert by_gradients(found, "a past with the mean of every channel")
    assert found["explained"] == "the mean of the forecast, in its own units"
    came = pl.read_csv(tmp_path / "hours.csv")["load"]
    for row in found["rows"]:
        names = row["input"]["names"]
        assert names[0] == "load"
        assert names[1:] == row["input"]["ahead"]["names"]
        assert names[1] == "hour (sine)"
        past = came[row["row"] - 12 : row["row"]].to_list()
        np.testing.assert_allclose(row["input"]["values"][0], past, rtol=1e-4)
        assert row["target"] == pytest.approx(came[row["row"] : row["row"] + 4].mean())
        assert np.shape(row["attribution"]) == (len(names), 12)
        assert (
            np.shape(row["attribution_ahead"])
            == np.shape(row["input"]["ahead"]["values"])
            == (len(names) - 1, 4)
        )
    (first, *_) = write(found, tmp_path / "out")
    with first.open() as file:
        header, *cells = csv.reader(file)
    assert header == ["channel", "step", "value", "contribution"]
    assert len(cells) == len(names) * 12 + (len(names) - 1) * 4


def test_heat_maps_are_white_at_0_blue_above_and_orange_below() -> None:
    heat = np.asarray(Image.open(BytesIO(heat_png(np.array([[1.0, 0.0, -1.0]])))))
    assert heat.shape == (56, 168, 3)
    assert [tuple(heat[0, column].tolist()) for column in (0, 100, 167)] == [
        (33, 102, 172),
        (255, 255, 255),
        (217, 95, 2),
    ]


def test_large_images_are_made_smaller() -> None:
    assert Image.open(BytesIO(image_png(np.zeros((300, 600, 3), np.uint8)))).size == (256, 128)
