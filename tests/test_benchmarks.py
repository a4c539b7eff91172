"""The measuring programs: their specs are valid, and they read published figures and write files as they say."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from automl.catalog import family
from automl.spec import parse_spec
from automl.task import KINDS, LABELLED
from benchmarks import _data
from benchmarks._cells import all_cells, families, of_family
from benchmarks._rows import ROWS, Outcome, Results
from benchmarks._rows.judging import measure, reaches, reaches_baseline
from benchmarks._rows.pretraining import WITH, WITHOUT
from benchmarks._rows.published import best_detector, best_network
from benchmarks._rows.second_judge import SMALL
from benchmarks.families import Tried, table

PUBLISHED = """source,dataset,task,model,metric,value,notes
one,Gun_Point,time-series classification,fcn,test_accuracy,0.98,
one,GunPoint,time-series classification,resnet,test_accuracy,0.99,
one,GunPoint,time-series classification,rocket,test_accuracy,1.0,
one,ArrowHead,time-series classification,fcn,test_accuracy,0.999,
two,cardio,unsupervised anomaly detection,PCA,auroc,0.9,
two,satellite,unsupervised anomaly detection,PCA,auroc,0.6,
two,cardio,unsupervised anomaly detection,IForest,auroc,0.8,
two,satellite,unsupervised anomaly detection,IForest,auroc,0.9,
"""
BOARD = {
    "entry": ["s/0", "s/1", "gradient_boosting", "linear"],
    "kind": ["refit", "refit", "baseline", "baseline"],
    "family": ["mlp", "tabm", "gradient_boosting", "linear"],
    "trial": [0, 1, None, None],
    "metric": "rmse",
    "goal": "min",
    "score": [2.0, 3.0, 2.5, 4.0],
    "low": [1.5, 2.0, 2.0, 3.0],
    "high": [2.5, 4.0, 3.0, 5.0],
    "n_seeds": [3, 3, 1, 1],
    "validation_score": [9.0, 8.0, 1.0, 1.0],
}


def outcome(tmp_path: Path) -> Outcome:
    board = pl.DataFrame({name: [v] * 4 if isinstance(v, str) else v for name, v in BOARD.items()})
    trials = pl.DataFrame({"trial": [0, 1], "configuration": ['{"depth": 1}', '{"depth": 2}']})
    return Outcome({}, "s", board, trials, tmp_path, 1.0)


@pytest.mark.parametrize("name", list(ROWS))
def test_every_row_is_of_valid_specs_without_settings_of_its_own(name: str, tmp_path: Path) -> None:
    specs = ROWS[name].specs(tmp_path / "data", tmp_path / "work")
    assert specs
    for spec in specs.values():
        assert parse_spec(spec).objectives
        assert set(spec) <= {"name", "data", "task", "objectives", "split", "families", "space"}
    assert ROWS[name].minutes > 0


def test_pretraining_differs_in_nothing_but_itself(tmp_path: Path) -> None:
    specs = ROWS["pretraining_1"].specs(tmp_path, tmp_path)
    without = dict(specs[WITHOUT])
    assert without.pop("space") == {"pretraining": "none"}
    assert without == specs[WITH]


def test_the_network_is_chosen_by_validation_and_set_beside_the_best_baseline(tmp_path: Path) -> None:
    found = measure("houses", outcome(tmp_path), 3.5)
    assert found.name == "houses rmse [2, 4], n=3, tabm"
    assert (found.value, found.met, found.peer, found.peer_value) == (3.0, True, "gradient_boosting", 2.5)
    assert json.loads(outcome(tmp_path).configuration) == {"depth": 2}


def test_judges_compare_with_a_bound_or_with_a_baseline(tmp_path: Path) -> None:
    results = Results({"search": outcome(tmp_path)}, None, tmp_path, quick=True)
    assert [one.met for one in reaches("houses", 2.9)(results)] == [False]
    (beside,) = reaches_baseline("houses", "gradient_boosting", times=1.2)(results)
    assert (beside.reach, beside.met) == (3.0, True)
    (absent,) = reaches_baseline("houses", "rocket")(results)
    assert (absent.reach, absent.met) == (None, None)


def test_published_figures_are_those_of_deep_networks_and_of_single_detectors(tmp_path: Path) -> None:
    (tmp_path / "published.csv").write_text(PUBLISHED)
    assert best_network(tmp_path, "GunPoint") == ("published resnet (one)", 0.99)
    name, value, sets = best_detector(tmp_path)
    assert (name, sets) == ("published IForest (two)", ["cardio", "satellite"])
    assert value == pytest.approx(0.85)


def test_film_reviews_are_cut_at_line_feeds_alone(tmp_path: Path) -> None:
    (tmp_path / "rt_polarity").mkdir()
    (tmp_path / "rt_polarity" / "rt-polarity.pos").write_bytes(b"caf\xe9 , \x85 good\nfine\n")
    (tmp_path / "rt_polarity" / "rt-polarity.neg").write_bytes(b"bad\n")
    _data.film_reviews(tmp_path, tmp_path)
    frame = pl.read_csv(tmp_path / "film_reviews.csv")
    assert frame["text"].to_list() == ["café , \x85 good", "fine", "bad"]
    assert frame["label"].to_list() == ["positive", "positive", "negative"]


def test_recordings_are_split_by_index_or_by_speaker(tmp_path: Path) -> None:
    (tmp_path / "fsdd").mkdir()
    with zipfile.ZipFile(tmp_path / "fsdd" / "fsdd_recordings.zip", "w") as archive:
        for speaker in _data.SPEAKERS:
            for index in (0, 4, 5):
                archive.writestr(f"7_{speaker}_{index}.wav", b"")
    _data.spoken_digits(tmp_path, tmp_path)
    train = pl.read_csv(tmp_path / "spoken_digits" / "train" / "metadata.csv")
    assert train["index"].to_list() == [5] * len(_data.SPEAKERS)
    _data.spoken_digits_by_speaker(tmp_path, tmp_path)
    test = pl.read_csv(tmp_path / "without_theo" / "test" / "metadata.csv")
    assert test["speaker"].unique().to_list() == ["theo"]
    assert (tmp_path / "without_theo" / "test" / "7_theo_4.wav").is_file()


def test_images_without_labels_are_those_that_are_left(tmp_path: Path) -> None:
    (tmp_path / "fashion_mnist").mkdir()
    x, y = np.arange(40, dtype=np.uint8).reshape(10, 2, 2), np.arange(10, dtype=np.uint8)
    np.savez(
        tmp_path / "fashion_mnist" / "fashion_mnist.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2]
    )
    _data.partly_labelled_images(tmp_path, tmp_path, False, share=0.3)
    labelled, rest = np.load(tmp_path / "labelled.npz"), np.load(tmp_path / "unlabelled.npz")
    assert len(labelled["x_train"]) == 3
    assert sorted([*labelled["x_train"][:, 0, 0], *rest["x"][:, 0, 0]]) == x[:, 0, 0].tolist()
    assert np.unique(rest["y"]).tolist() == [0]


def test_every_family_has_a_cell_for_every_kind_of_data_it_serves(tmp_path: Path) -> None:
    for data in (None, tmp_path / "data"):
        cells = all_cells(data, tmp_path)
        for cell in cells:
            assert parse_spec(cell.spec).task == cell.task
            assert cell.task in KINDS[cell.kind]
        wanted = {(k, t) for k in KINDS for t in KINDS[k] if t == "classification" or t not in LABELLED}
        assert {(cell.kind, cell.task) for cell in cells} == wanted
        for one in families():
            assert {cell.kind for cell in of_family(one, cells)} == set(one.kinds), one.name


def test_table_of_families_has_kinds_as_columns(tmp_path: Path) -> None:
    cells = {(cell.kind, cell.task): cell for cell in all_cells(None, tmp_path)}
    series, forecast = cells["series", "classification"], cells["series", "forecasting"]
    found = [
        Tried("rnn", series, "accuracy", 0.9, 3.2, ("rocket", 0.95)),
        Tried("rnn", forecast, "mase", 0.812, 4.0),
        Tried("tcn", series, "", None, 1.0, message="no memory"),
    ]
    lines = table(found).splitlines()
    assert lines[0] == "| family | table | image | text | audio | series |"
    assert lines[2] == "| `rnn` |  |  |  |  | accuracy 0.9, 3 s<br>mase 0.812, 4 s |"
    assert lines[3] == "| `tcn` |  |  |  |  | failed: no memory |"
    assert lines[4].endswith("| accuracy 0.95, `rocket` |")


def test_the_second_judge_of_images_has_at_most_64_features() -> None:
    from automl.signature import Field, Signature
    from automl.space import default, fill
    from automl.space_notation import override

    cnn = family("cnn")
    configuration = fill(override(cnn.full_space("classification", "image"), SMALL), default)
    for side in (8, 28):
        network = cnn.build(configuration, Signature("image", {"image": Field((1, side, side))}, 10))
        assert network.n_features <= 64
