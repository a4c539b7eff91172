"""`automl inspect` and `automl explain` over a store with a search of networks of a user's own and of ours."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from toys import toy_spec, write_table

import automl
from automl import cli
from automl.execution.local import LocalExecutor
from automl.explaining import Request, explain
from automl.resolved import _own_family
from automl.store import open_store
from automl.store.fold import Fold


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """A folder with a store and the data of its one search, and how to ask the command line there."""

    folder: Path
    search_id: str
    ask: Any

    def refit(self) -> str:
        return f"{self.search_id}/{self.json('inspect', self.search_id)['trial'].partition('/')[2]}"

    def json(self, *arguments: str) -> Any:
        answer = self.ask(*arguments, "--json")
        assert (answer.status, answer.err) == (0, "")
        return json.loads(answer.out)

    def refused(self, *arguments: str) -> str:
        answer = self.ask(*arguments)
        assert (answer.status, answer.out) == (2, "")
        return str(answer.err).removeprefix("automl: ").removesuffix("\n").replace(self.search_id, "SEARCH")


def searched(folder: Path, families: list[Any] | None, trials: int) -> str:
    spec = toy_spec(folder, budget={"trials": trials, "epochs": 3}, finalists={"top": 1, "seeds": 2})
    if families is not None:
        spec["families"] = families
    result = automl.search(spec, store=folder / "automl-store", executor=LocalExecutor())
    assert result.state == "complete"
    return result.search_id


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("made")
    return folder, searched(folder, ["mlp"], trials=2)


@pytest.fixture
def there(
    made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    return at(*made, monkeypatch, capsys)


@pytest.fixture
def own_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Place:
    return at(tmp_path, searched(tmp_path, None, trials=2), monkeypatch, capsys)


@pytest.fixture
def copy(
    there: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    """The same store in a place of its own, to be damaged; its data stays where it was."""
    shutil.copytree(there.folder / "automl-store", tmp_path / "automl-store")
    return at(tmp_path, there.search_id, monkeypatch, capsys)


def at(
    folder: Path, search_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    monkeypatch.chdir(folder)
    for name in ("AUTOML_STORE", "AUTOML_URL", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)

    def ask(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["automl", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as done:
            cli.main()
        captured = capsys.readouterr()
        return Answer(int(done.value.code or 0), captured.out, captured.err)

    return Place(folder, search_id, ask)


def bundle_of(place: Place, which: str) -> Path:
    (found,) = (place.folder / "automl-store" / "searches" / place.search_id).glob(f"{which}/1-*/bundle")
    return found


def test_inspect_lists_the_layers_of_a_model(there: Place) -> None:
    found = there.json("inspect", there.refit())
    assert set(found) == {"trial", "family", "n_parameters", "exact", "layers"}
    assert (found["trial"], found["family"], found["exact"]) == (there.refit(), "mlp", True)
    recorded = automl.trials(there.search_id).filter(trial=int(found["trial"].split("/")[1][0]))[
        "n_parameters"
    ][0]
    assert found["n_parameters"] == recorded == sum(layer["n_parameters"] for layer in found["layers"])
    last = found["layers"][-1]
    assert (last["name"], last["kind"], last["depth"]) == ("head", "Linear", 0)
    assert last["input_shape"][0] is None
    assert last["output_shape"] == [None, 1]


def test_inspect_shows_people_a_table(there: Place) -> None:
    answer = there.ask("inspect", there.search_id)
    n = there.json("inspect", there.search_id)["n_parameters"]
    first, blank, header, *_, last = answer.out.splitlines()
    assert first == f"{there.refit()}: mlp, {n:,} parameters"
    assert blank == ""
    assert header.split() == ["layer", "kind", "input", "output", "n_parameters"]
    assert last.split()[:2] == ["head", "Linear"]


def test_inspect_builds_a_network_again_whose_model_is_gone(copy: Place) -> None:
    kept = copy.json("inspect", f"{copy.search_id}/1")
    remove(copy, 1)
    found = copy.json("inspect", f"{copy.search_id}/1")
    assert found == {**kept, "exact": False}
    assert (
        "Its model is not kept: the network is built again from its configuration, with other weights."
        in copy.ask("inspect", f"{copy.search_id}/1").out
    )


def remove(place: Place, trial: int) -> None:
    """Removes the bundle of a trial as `automl.store.retention` does."""
    store = open_store(place.folder / "automl-store")
    Fold(store, store.search(place.search_id), 1).mark_removed([trial])
    shutil.rmtree(bundle_of(place, f"trials/{trial}"))


def test_inspect_takes_the_sizes_from_the_data_where_no_model_is_left(copy: Place) -> None:
    kept = copy.json("inspect", f"{copy.search_id}/1")
    for trial in (0, 1):
        remove(copy, trial)
    for bundle in copy.folder.glob("automl-store/searches/*/refits/*/1-*/bundle"):
        shutil.rmtree(bundle)
    assert copy.json("inspect", f"{copy.search_id}/1") == {**kept, "exact": False}


def test_inspect_says_that_neither_model_nor_data_is_left(own_family: Place) -> None:
    for trial in (0, 1):
        remove(own_family, trial)
    for bundle in own_family.folder.glob("automl-store/searches/*/refits/*/1-*/bundle"):
        shutil.rmtree(bundle)
    table = own_family.folder / "toy.csv"
    table.unlink()
    assert own_family.refused("inspect", f"{own_family.search_id}/1") == (
        "SEARCH/1 has no model any more (only the best are kept), nor has SEARCH another one that says what its "
        f"networks take in; and its data cannot be read again: There is no file or folder {table} to read data "
        "from; check the path."
    )


def test_inspect_and_explain_need_the_file_of_a_users_own_family(own_family: Place) -> None:
    assert own_family.json("inspect", own_family.search_id)["layers"][0]["kind"] == "Net"
    file = own_family.folder / "toy_family.py"
    refit = own_family.refit()
    text = file.read_text()
    file.unlink()
    _own_family.cache_clear()
    for command in ("inspect", "explain"):
        name = refit.replace(own_family.search_id, "SEARCH")
        assert own_family.refused(command, refit) == (
            f"{name} is of the family toy in the file {file}, which cannot be read: No such file or directory. Put "
            "the file back: a bundle never carries code."
        )
    file.write_text(text + "\n")
    _own_family.cache_clear()
    assert own_family.refused("inspect", refit) == (
        f"{file} has changed since the search began; restore it, or begin a new search with it."
    )


def test_explain_of_a_users_own_linear_network_gives_its_weights(own_family: Place) -> None:
    """It leaves the category aside, which no embedding takes, so that columns are hidden one by one."""
    found = own_family.json("explain", own_family.search_id, "--n", "3")
    assert found["method"] == (
        "occlusion (Zeiler & Fergus, 2014): what is lost where a column is put to its middle, or to no category"
    )
    model = automl.load(bundle_of(own_family, f"refits/{found['trial'].split('/')[1]}"), "toy_family.py")
    weights = model.network.weight.detach().numpy()[0] * model.target_scale.deviation
    frame = pl.read_csv("toy.csv")[[row["row"] for row in found["rows"]]]
    numbers = model.preprocessing.encode(frame)["numeric"]
    for row, encoded in zip(found["rows"], numbers, strict=True):
        given = [row["attribution"][name] for name in ("a", "b")]
        np.testing.assert_allclose(given, weights * encoded, rtol=1e-3, atol=1e-4)
        assert row["attribution"]["colour"] == 0
        assert row["gap"] < 1e-3


def test_explain_tells_of_the_worst_rows_what_the_contract_promises(there: Place) -> None:
    found = there.json("explain", there.refit(), "--n", "4")
    assert {
        name: found[name] for name in ("trial", "family", "kind", "task", "target", "split", "n_rows")
    } == {
        "trial": there.refit(),
        "family": "mlp",
        "kind": "table",
        "task": "regression",
        "target": "price",
        "split": "test",
        "n_rows": 24,
    }
    assert found["chosen"] == "the 4 rows with the largest squared error"
    assert found["explained"] == "the predicted number, in its own units"
    assert found["method"].startswith("integrated gradients (Sundararajan et al., 2017), 32")
    assert found["method"].endswith(" steps from a row in the middle of every column")
    table = pl.read_csv(there.folder / "toy.csv")
    for row in found["rows"]:
        assert set(row) == {
            "row",
            "target",
            "prediction",
            "probabilities",
            "loss",
            "input",
            "attribution",
            "gap",
        }
        came = table.row(row["row"], named=True)
        assert row["target"] == came.pop("price")
        assert row["input"] == came
        assert set(row["attribution"]) == {"a", "b", "colour"}
        assert row["loss"] == pytest.approx((row["target"] - row["prediction"]) ** 2)
        assert row["probabilities"] is None
        assert row["gap"] < 0.05
    losses = [row["loss"] for row in found["rows"]]
    assert losses == sorted(losses, reverse=True)


def test_explain_explains_what_was_predicted(there: Place) -> None:
    """What was stored when the refit was judged is what its network says of the rows that are read again."""
    found = there.json("explain", there.refit(), "--n", "5")
    model = automl.load(bundle_of(there, f"refits/{there.refit().split('/')[1]}"))
    rows = pl.read_csv(there.folder / "toy.csv")[[row["row"] for row in found["rows"]]]
    np.testing.assert_allclose([row["prediction"] for row in found["rows"]], model.predict(rows), rtol=1e-5)
    start = {row["prediction"] - sum(row["attribution"].values()) for row in found["rows"]}
    spread = max(row["prediction"] for row in found["rows"]) - min(row["prediction"] for row in found["rows"])
    assert max(start) - min(start) < 0.1 * spread, "all rows are explained from one and the same start"


def test_explain_takes_the_best_rows_the_other_split_and_rows_by_number(there: Place) -> None:
    best = there.json("explain", there.search_id, "--rows", "best", "--n", "2", "--split", "validation")
    assert (best["split"], best["chosen"]) == ("validation", "the 2 rows with the smallest squared error")
    assert best["rows"][0]["loss"] <= best["rows"][1]["loss"]
    numbers = [row["row"] for row in best["rows"]]
    again = there.json(
        "explain", there.search_id, "--rows", f"{numbers[1]},{numbers[0]}", "--split", "validation"
    )
    assert again["chosen"] == "the rows that were asked for"
    assert again["rows"] == best["rows"][::-1]
    every = there.json("explain", there.search_id, "--n", "64")
    assert len(every["rows"]) == every["n_rows"] == 24


def test_explain_of_a_trial_is_of_the_refit_that_validation_chooses(there: Place) -> None:
    trial = there.refit().split("-")
    assert there.json("explain", "-".join(trial[:-1]), "--n", "1")["trial"] == there.refit()


def test_explain_shows_people_the_largest_contributions(there: Place) -> None:
    answer = there.ask("explain", there.search_id, "--n", "1")
    (row,) = there.json("explain", there.search_id, "--n", "1")["rows"]
    first, second, blank, heading, *contributions = answer.out.splitlines()
    assert first == f"{there.refit()} (mlp), the row with the largest squared error of 24 test rows."
    assert second.startswith("Explained is the predicted number, in its own units, by integrated gradients")
    assert blank == ""
    assert heading.startswith(f"row {row['row']}: target ")
    assert heading.endswith(" left open")
    assert len(contributions) == 3
    largest = max(row["attribution"], key=lambda name: abs(row["attribution"][name]))
    assert f"{row['attribution'][largest]:+.4g}  {largest} = " in contributions[0]


def test_explain_writes_contributions_as_a_table(there: Place, tmp_path: Path) -> None:
    answer = there.ask("explain", there.search_id, "--n", "2", "--out", str(tmp_path / "new" / "files"))
    assert answer.out.endswith(f"\n1 file written to {tmp_path}/new/files.\n")
    written = pl.read_csv(tmp_path / "new" / "files" / "contributions.csv")
    assert written.columns == ["row", "column", "value", "contribution"]
    assert written.height == 6
    (tmp_path / "file").write_text("")
    assert there.ask("explain", there.search_id, "--out", str(tmp_path / "file")).err == (
        f"automl: {tmp_path}/file cannot be written: File exists.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "5000"], "Row 5000 is not one of the 24 test rows. Rows are numbered from 0 as the data has them, "
         "and these are, for example, {first}."),
        (["--rows", "-1"], "--rows is worst, best or the numbers of rows such as 3,17,40, but got '-1'."),
        (["--rows", "most"], "--rows is worst, best or the numbers of rows such as 3,17,40, but got 'most'."),
        (["--rows", ",".join(map(str, range(65)))], "At most 64 rows are explained at once, but got 65."),
        (["--n", "0"], "--n is a number of rows from 1 to 64, but got 0."),
        (["--n", "65"], "--n is a number of rows from 1 to 64, but got 65."),
        (["--split", "train"], "--split is test or validation, but got 'train'."),
    ],
)  # fmt: skip
def test_explain_refuses_what_it_cannot_pick(there: Place, arguments: list[str], message: str) -> None:
    every = explain(Request(there.search_id, n=64))
    first = ", ".join(str(row) for row in stored_order(there, every["trial"])[:3])
    assert there.refused("explain", there.search_id, *arguments) == message.format(first=first)


def stored_order(place: Place, trial: str) -> list[int]:
    (file,) = (place.folder / "automl-store" / "searches" / place.search_id).glob(
        f"refits/{trial.split('/')[1]}/1-*/predictions.parquet"
    )
    rows: list[int] = pl.read_parquet(file).filter(split="test")["row"][0].to_list()
    return rows


def test_both_say_what_there_is_not(there: Place) -> None:
    other = 1 - int(there.refit().split("/")[1].split("-")[0])
    trial = 1 - other
    assert there.refused("explain", f"{there.search_id}/{other}") == (
        f"SEARCH/{other} was not trained again as a finalist, and only refits are explained: they have predicted rows "
        f"that no search has seen. Its refits are {trial}-0, {trial}-1; see `automl leaderboard SEARCH`."
    )
    for command in ("inspect", "explain"):
        assert there.refused(command, f"{there.search_id}/9") == (
            "The search SEARCH has no finished trial 9; see `automl trials SEARCH`."
        )
        assert there.refused(command, f"{there.search_id}/9-9") == (
            "The search SEARCH has no refit 9-9; see `automl leaderboard SEARCH`."
        )
        assert there.refused(command, f"{there.search_id}/best").startswith(
            "A model is named SEARCH, SEARCH/TRIAL "
        )
        assert there.refused(command, "nothing") == (
            f"There is no search 'nothing' in the store {there.folder}/automl-store: known are: SEARCH."
        )


def test_both_need_the_store_itself(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_URL", "http://localhost:1")
    monkeypatch.setenv("AUTOML_TOKEN", "word")
    for command in ("inspect", "explain"):
        assert there.refused(command, there.search_id) == (
            "This reads the files of a store, but AUTOML_URL names a service: run it where the store is, and name it "
            "with --store. `automl pull` copies a model from the service."
        )
    assert there.json("inspect", there.search_id, "--store", "automl-store")["exact"] is True


def test_both_refuse_a_damaged_model(copy: Place) -> None:
    refit = copy.refit()
    weights = bundle_of(copy, f"refits/{refit.split('/')[1]}") / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    for command in ("inspect", "explain"):
        assert copy.refused(command, refit) == (
            f"{weights} is not the file that was saved: its SHA-256 differs from the manifest's; copy or pull the "
            "bundle again."
        ).replace(copy.search_id, "SEARCH")


def test_explain_refuses_predictions_that_were_altered(copy: Place) -> None:
    name = copy.refit().split("/")[1]
    file = bundle_of(copy, f"refits/{name}").parent / "predictions.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    answer = copy.ask("explain", copy.search_id)
    assert answer.status == 1
    assert answer.err.endswith("are not what was written: their SHA-256 differs.\n")


def test_explain_says_that_the_data_is_gone_or_has_changed(own_family: Place) -> None:
    table = own_family.folder / "toy.csv"
    write_table(table, seed=1)
    message = own_family.refused("explain", own_family.search_id)
    assert message.startswith(
        "The rows of SEARCH cannot be read again: The data has changed since the search began: its fingerprint was "
    )
    table.unlink()
    assert own_family.refused("explain", own_family.search_id) == (
        f"The rows of SEARCH cannot be read again: There is no file or folder {table} to read data from; check the "
        "path."
    )
