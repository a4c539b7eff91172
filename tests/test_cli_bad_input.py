"""What is wrong with a request: exit status 2, one paragraph, no traceback, and an untouched store."""

from __future__ import annotations

import shutil
import subprocess
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
from automl.data.readers import all_readers
from automl.execution.local import LocalExecutor


@dataclass(frozen=True)
class Answer:
    """What a command answered; folders of the test are shown as DIR."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command line in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    for name in ("AUTOML_STORE", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["automl", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as done:
            cli.main()
        captured = capsys.readouterr()
        err = captured.err.replace(str(tmp_path), "DIR")
        return Answer(int(done.value.code or 0), captured.out, err)

    return run


@dataclass(frozen=True)
class Stored:
    folder: Path
    search_id: str


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """A store with one search, and beside it its model and its data."""
    folder = tmp_path_factory.mktemp("stored")
    spec = toy_spec(folder, families=["mlp"], finalists={"top": 1, "seeds": 1})
    spec["budget"] = {"trials": 1, "epochs": 1}
    result = automl.search(spec, store=folder / "automl-store", executor=LocalExecutor())
    result.pull(folder / "model")
    return Stored(folder, result.search_id)


def refuses(answer: Answer, message: str) -> None:
    assert answer == Answer(2, "", f"automl: {message}\n")
    assert not Path("automl-store").exists()


NOISE = np.random.default_rng(0).normal(size=(2, 60))
TARGETS: dict[str, Any] = {
    "one_class": ["x"] * 60,
    "missing": [None] * 60,
    "leak": NOISE[0] * 2 + 1,
    "infinite": [float("inf"), *NOISE[0][1:] + NOISE[1][:-1]],
    "names": [f"name {i}" for i in range(60)],
    "constant": [1.5] * 60,
    "rare": [*["x", "y"] * 29, "z", "q"],
}


def write_files(folder: Path) -> None:
    write_table(folder / "houses.csv", n_rows=60)
    (folder / "empty.csv").touch()
    (folder / "head.csv").write_text("a,b,y\n")
    (folder / "latin.csv").write_bytes(b"a,y\n\xff\xfe,1\n")
    shutil.copy(folder / "houses.csv", folder / "fake.parquet")
    shutil.copy(folder / "houses.csv", folder / "fake.npz")
    shutil.copy(folder / "houses.csv", folder / "fake.csv.gz")
    shutil.copy(folder / "houses.csv", folder / "houses.docx")
    pl.read_csv(folder / "houses.csv").write_parquet(folder / "whole.parquet")
    shutil.copy(folder / "whole.parquet", folder / "fake.csv")
    (folder / "cut.parquet").write_bytes((folder / "whole.parquet").read_bytes()[:1000])
    (folder / "nothing").mkdir()
    for name, y in TARGETS.items():
        pl.DataFrame({"a": NOISE[0], "b": NOISE[1], "y": y}).write_csv(folder / f"{name}.csv")
    pl.DataFrame({"a": NOISE[0][:5], "y": NOISE[1][:5]}).write_csv(folder / "short.csv")
    pl.DataFrame({"k": [1] * 60, "y": NOISE[1]}).write_csv(folder / "useless.csv")


DATA = {
    ("nope.csv", "y"): "There is no file or folder nope.csv; check the path. Nor is a data set of that name "
    "registered: known are: breast_cancer, diabetes, digits, iris, wine.",
    (
        "digit",
        None,
    ): "There is no file or folder digit; check the path. Nor is a data set of that name registered: "
    "did you mean digits?",
    ("openml:x", None): "openml: is followed by the number of a data set, but got 'openml:x'.",
    ("empty.csv", "y"): "DIR/empty.csv is empty; expected a header line and rows.",
    ("head.csv", "y"): "The data head has no rows; expected some.",
    ("latin.csv", "y"): "DIR/latin.csv is not in UTF-8: line 2 cannot be read. Save it as UTF-8, for "
    "example with: iconv -f latin1 -t utf-8 OLD > NEW; or set data.encoding, for example to latin-1.",
    ("fake.csv", "y"): "DIR/fake.csv should be text with commas, but it is a Parquet file. "
    "Give the file the ending of what it is.",
    ("fake.parquet", "y"): "DIR/fake.parquet should be a Parquet file, but it is text. "
    "Give the file the ending of what it is, or write it again as Parquet.",
    ("fake.npz", "y"): "DIR/fake.npz should be an NPZ archive, but it is text. Check the file.",
    (
        "fake.csv.gz",
        "y",
    ): "DIR/fake.csv.gz should be compressed with gzip, but it is text. Compress it again.",
    ("cut.parquet", "y"): "DIR/cut.parquet begins as a Parquet file but is damaged (parquet: File out of "
    "specification: The file must end with PAR1 or PARE); write it again.",
    (
        "houses.docx",
        "y",
    ): "DIR/houses.docx is not a kind of data that can be read here. What can be read: "
    + "; ".join(reader.endings for reader in all_readers())
    + ".",
    (
        "nothing",
        None,
    ): "DIR/nothing should hold one folder of PNG or JPEG images for each class, but it holds 0 "
    "folders without images and 0 images outside of folders. Sort the images into one folder a class.",
    (
        "houses.csv",
        None,
    ): "The data houses needs a target, the column to predict, but none is given. Set data.target "
    "(or --target) to one of its columns: a, b, colour, price.",
    ("houses.csv", "prize"): "The data houses has no column 'prize' to be the target; did you mean price?",
    ("short.csv", "y"): "The data short has 5 rows with a target, but at least 10 are needed for training, "
    "validation and test. Give more rows.",
    (
        "one_class.csv",
        "y",
    ): "The target y needs at least two classes, but every row has 'x'. Choose another target, "
    "or add rows of other classes.",
    ("missing.csv", "y"): "The target y is missing in every row; choose a column that has values.",
    (
        "leak.csv",
        "y",
    ): "The column a gives the target y away: by itself it tells every training row's value. If it is "
    "known when predicting, let it through with data: {allow: [a]}; if not, leave it out with "
    "data: {types: {a: ignore}}.",
    (
        "infinite.csv",
        "y",
    ): "Numbers must be finite, but there are infinite values in: y (1). Replace them, or leave "
    "them empty to have them count as missing.",
    (
        "names.csv",
        "y",
    ): "The target y has 60 classes in 60 rows, too few rows a class to learn from. Choose another "
    "target, or set task: regression if it is a number.",
    (
        "constant.csv",
        "y",
    ): "The target y has the same value in every training row; there is nothing to learn.",
    (
        "rare.csv",
        "y",
    ): "Every class of y needs at least 3 rows, to stand in each split, but these have fewer: "
    "q (1), z (1). Add rows to them, merge them with others, or leave them out.",
    (
        "useless.csv",
        "y",
    ): "No column is left to predict from; ignored are: k (constant). Give one of them a type "
    "under data.types.",
}


@pytest.mark.parametrize(("source", "target"), DATA)
def test_data_that_cannot_be_used(command: Any, tmp_path: Path, source: str, target: str | None) -> None:
    write_files(tmp_path)
    options = [] if target is None else ["--target", target]
    refuses(command("search", source, *options), DATA[source, target])
    refuses(command("validate", source, *options), DATA[source, target])


BRANCHES = "adamw, adam, sgd, rmsprop"
SPECS = {
    "seeed: 1": "spec.yaml: seeed is not a key here; did you mean seed?",
    "search: {rungs: {factr: 3}}": "spec.yaml: search.rungs.factr is not a key here; did you mean factor?",
    "budget: {tims: 3, trials: 0}": "spec.yaml: budget.trials must be at least 1, but got 0; budget.tims is not a key "
    "here; did you mean time?",
    "seed: 1\nseed: 2": "spec.yaml, line 3: the key 'seed' is given twice.",
    "space: {a: *b}": "spec.yaml, line 2: aliases (*b) are not allowed; write it out.",
    "space: [": "spec.yaml, line 3 is not valid YAML: did not find expected node content.",
    "task: clasification": "spec.yaml: task must be one of classification, multilabel, regression, quantile, "
    "forecasting, anomaly, generation, representation, auto, but got "
    "'clasification'; did you mean classification?",
    "search: {rungs: non}": "spec.yaml: search.rungs must be none, but got 'non'; did you mean none?",
    "search: {rungs: {first: 0}}": "spec.yaml: search.rungs.first must be auto, or a number of epochs from 1 on, "
    "but got 0.",
    "split: {validation: 1.5}": "spec.yaml: split.validation must be a share of the rows between 0 and 1, or a file "
    "with the rows, but got 1.5.",
    "split: {validation: 0.5, test: 0.5}": "spec.yaml: split: validation + test must leave rows for training, but "
    "sum to 1.",
    "budget: {trials: 0}": "spec.yaml: budget.trials must be at least 1, but got 0.",
    "budget: {time: 0s}": "spec.yaml: budget.time must be more than 0, but got 0.0.",
    "budget: {epochs: 2.5}": "spec.yaml: budget.epochs must be a whole number, but got 2.5.",
    "budget: {time: soon}": "spec.yaml: budget.time must be a time such as 90s, 20m, 2h or 1d, or a number of "
    "seconds, but got 'soon'.",
    "budget: {gpu_hours: 1}": "budget.gpu_hours needs a GPU, but none was found on this machine; give "
    "budget.cpu_hours or budget.time, or run where there is a GPU.",
    "resources: {gpus: 1}": "resources.gpus needs a GPU, but none was found on this machine; leave it out, or run "
    "where there is a GPU.",
    "name: My Houses": "spec.yaml: name must be at most 63 lower-case letters, digits, dots, dashes and underscores "
    "that begin with a letter or digit, but got 'My Houses'.",
    "families: [mpl]": "There is no family named 'mpl': did you mean mlp?",
    "families: [cnn]": "The family cnn is for image, series and audio data and classification, multilabel, "
    "regression and quantile, but this is table data and regression. Families that fit are: ft_transformer, mlp, "
    "resnet, tabm.",
    "families: [mlp, mlp]": "families: mlp is given 2 times; name it once.",
    "families: [{file: my_net.py}]": "There is no file DIR/my_net.py to take a family from; check the path.",
    "families: [{name: mlp, weights: w.safetensors}]": "There is no file DIR/w.safetensors, which families.mlp "
    "names; check the path.",
    "space: {dropot: 0.1}": "space.dropot is not a parameter of any family here: did you mean dropout?",
    "space: {dropout: 1.5}": "space.dropout must be from 0 to 0.95, but got 1.5.",
    "space: {dropout: {float: [0, 1.5]}}": "space.dropout must be from 0 to 0.95, but got 1.5.",
    "space: {dropout: {float: [0.5, 0.1]}}": "space.dropout: a range needs low <= high, but got [0.5, 0.1].",
    "space: {dropout: {flot: [0, 0.1]}}": "space.dropout has the unknown key 'flot': did you mean float?",
    "space: {learning_rate: -1}": "space.learning_rate must be from 1e-12 to 1,000, but got -1.",
    "space: {learning_rate: fast}": "space.learning_rate is a number, but got 'fast'.",
    "space: {batch_size: 0}": "space.batch_size must be from 1 to 1,048,576, but got 0.",
    "space: {depth: 2.5}": "space.depth is a whole number, but got 2.5.",
    "space: {activation: rellu}": "space.activation has no option 'rellu': did you mean relu?",
    "space: {activation: [relu]}": "space.activation is a list; write {choice: ['relu']} to choose from it.",
    "space: {activation: {choice: []}}": "space.activation: a choice needs at least one option, but it is empty.",
    "space: {optimizer: {}}": f"space.optimizer takes one or more of its options, but got none: {BRANCHES}.",
    "space: {optimizer: {sgd: 5}}": "space.optimizer.sgd holds the parameters of that branch, such as {}, but got 5.",
    "space: {optimizer: {sgd: {momentun: 0}}}": "space.optimizer.sgd.momentun is not a parameter here: did you mean "
    "momentum?",
    "queue: [{}]": "queue.0 must name its family, one of: ft_transformer, mlp, resnet, tabm.",
    "queue: [{family: mlp, depth: 999}]": "queue.0.depth is 999, which lies outside the space of mlp.",
    "queue: [{family: mlp, optimizer: [1]}]": f"queue.0.optimizer has no option [1]: known are: "
    f"{', '.join(sorted(BRANCHES.split(', ')))}.",
    "search: {sampler: tpee}": "There is no sampler named 'tpee': did you mean tpe?",
    "objectives: [rmsee]": "objectives: there is no metric 'rmsee': did you mean rmse?",
    "objectives: [accuracy]": "objectives: accuracy does not judge this regression task; these do: mae, r2, rmse.",
    "constraints: {n_parameters: < 5}": "constraints.n_parameters is such as '<= 5e6' or '>= 0.9', but got '< 5'.",
    "constraints: {parameters: <= 5}": "constraints.parameters is not measured: did you mean n_parameters?",
    "split: {by: color}": "split.by names the column 'color', which the data does not have; did you mean colour?",
    "split: {test: test.csv}": "There is no file or folder DIR/test.csv to read data from; check the path.",
}


@pytest.mark.parametrize("lines", SPECS)
def test_spec_that_is_wrong(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    write_table(tmp_path / "houses.csv", n_rows=60)
    Path("spec.yaml").write_text(f"data: {{path: houses.csv, target: price}}\n{lines}\n")
    refuses(command("search", "spec.yaml"), SPECS[lines])


def test_spec_file_that_is_no_spec(command: Any) -> None:
    refuses(command("search", "spec.yaml"), "There is no spec file spec.yaml; check the path.")
    Path("spec.yaml").write_bytes(b"name: \xff")
    refuses(command("search", "spec.yaml"), "A spec is UTF-8 text, but spec.yaml is not (byte 6).")
    Path("spec.yaml").write_text("- 1\n")
    message = "spec.yaml must hold keys and values (name: value), but it does not."
    refuses(command("search", "spec.yaml"), message)
    Path("spec.yaml").write_text("a" * 70_000)
    message = "A spec has at most 65536 bytes, but spec.yaml has 70000."
    refuses(command("search", "spec.yaml"), message)


def test_options_that_are_out_of_range(command: Any, tmp_path: Path) -> None:
    write_table(tmp_path / "houses.csv", n_rows=60)
    houses = ("search", "houses.csv", "--target", "price")
    refuses(command(*houses, "--trials", "0"), "houses.csv: budget.trials must be at least 1, but got 0.")
    refuses(command(*houses, "--time", "0s"), "houses.csv: budget.time must be more than 0, but got 0.0.")
    refuses(
        command(*houses, "--workers", "0"), "houses.csv: resources.workers must be at least 1, but got 0."
    )


def test_store_that_cannot_be_written(command: Any, tmp_path: Path) -> None:
    write_table(tmp_path / "houses.csv", n_rows=60)
    Path("file").touch()
    houses = ("search", "houses.csv", "--target", "price", "--trials", "1")
    for place in ("file", "file/store"):
        answer = command(*houses, "--store", place)
        refuses(
            answer,
            f"The store must be a folder that can be written. The folder DIR/{place} could not be made: a file is in "
            "its place or above it. Choose another with --store or AUTOML_STORE.",
        )
    message = (
        "The store must be a folder, a file:// URL or a bucket (s3://, gs://, az://), but got "
        "'ftp://host/store'."
    )
    refuses(command(*houses, "--store", "ftp://host/store"), message)


def test_store_that_is_not_there_cannot_be_read(command: Any) -> None:
    message = "There is no store at DIR/automl-store. Run a search first, or name another with --store or AUTOML_STORE."
    for name in ("leaderboard", "status", "gc"):
        assert command(name) == Answer(3, "", f"automl: {message}\n")
        assert not Path("automl-store").exists()


def test_search_that_does_not_exist(command: Any, stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_STORE", str(stored.folder / "automl-store"))
    before = content(stored.folder)
    wrong = stored.search_id[:-1] + "x"
    store = stored.folder / "automl-store"
    message = f"There is no search {wrong!r} in the store {store}: did you mean {stored.search_id}?"
    for arguments in (
        ("leaderboard", wrong),
        ("trials", wrong),
        ("status", wrong),
        ("resume", wrong),
        ("delete", wrong),
        ("pull", wrong, "new"),
        ("pull", f"{wrong}/0", "new"),
    ):
        refuses(command(*arguments), message)
    assert content(stored.folder) == before
    assert not Path("new").exists()


def test_requests_that_a_store_cannot_answer(
    command: Any, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stored.folder / "automl-store"
    monkeypatch.setenv("AUTOML_STORE", str(store))
    before, known = content(stored.folder), stored.search_id
    refuses(
        command("pull", f"{known}/7", "new"),
        f"The search {known} has no finished trial 7; see `automl trials {known}`.",
    )
    Path("full").mkdir()
    Path("full/file").touch()
    refuses(command("pull", known, "full"), "full exists and is not empty; name a new folder to pull into.")
    refuses(
        command("pull", known, "full/file/new"),
        "The model cannot be copied to full/file/new: a file is in its place or above it.",
    )
    refuses(
        command("leaderboard", "--dataset", "to"),
        f"No search in the store {store} is on a data set 'to': did you mean toy?",
    )
    refuses(
        command("leaderboard", "--metric", "rmsee"), "There is no metric named 'rmsee': did you mean rmse?"
    )
    refuses(
        command("trials", known, "--format", "xlsx"),
        "The format 'xlsx' is not known: known are: csv, json, parquet, table.",
    )
    refuses(
        command("resume", known, "--trials", "0"),
        "the new bounds: budget.trials must be at least 1, but got 0.",
    )
    assert content(stored.folder) == before


def test_bundle_that_is_altered_or_incomplete(command: Any, stored: Stored) -> None:
    houses = str(stored.folder / "toy.csv")
    shutil.copytree(stored.folder / "model", "flipped")
    weights = Path("flipped/model.safetensors")
    altered = bytearray(weights.read_bytes())
    altered[-1] ^= 1
    weights.write_bytes(altered)
    message = (
        "flipped/model.safetensors is not the file that was saved: its SHA-256 differs from the manifest's; "
        "copy or pull the bundle again."
    )
    refuses(command("predict", "flipped", houses), message)
    refuses(command("evaluate", "flipped", houses), message)
    shutil.copytree(stored.folder / "model", "incomplete")
    Path("incomplete/preprocessing.json").unlink()
    message = "The bundle incomplete lacks its file preprocessing.json; copy or pull it again."
    refuses(command("predict", "incomplete", houses), message)
    message = "A bundle is a folder, but nothing is not one; check the path."
    refuses(command("predict", "nothing", houses), message)


def test_data_that_a_model_cannot_predict(command: Any, stored: Stored) -> None:
    model = str(stored.folder / "model")
    frame = pl.read_csv(stored.folder / "toy.csv")
    frame.rename({"colour": "color"}).write_csv("renamed.csv")
    refuses(
        command("predict", model, "renamed.csv", "-o", "out.csv"),
        "The data needs the column 'colour', which training had, but does not have it; did you mean color?",
    )
    frame.drop("price").write_csv("blind.csv")
    assert command("evaluate", model, "blind.csv").status == 2
    refuses(
        command("predict", model, "nope.csv"),
        "There is no file or folder nope.csv to predict from; check the path.",
    )
    refuses(
        command("predict", model, "blind.csv", "-o", "out.xlsx"),
        "Predictions are written as .csv or .parquet, but got 'out.xlsx'.",
    )
    refuses(
        command("predict", model, "blind.csv", "-o", "new/out.csv"),
        "new/out.csv cannot be written: there is no folder new.",
    )
    assert not Path("out.csv").exists()


USAGE = {
    ("serch", "houses.csv"): "No such command 'serch'. Did you mean 'search', 'serve'? See `automl --help`.",
    ("search",): "Missing argument 'SPEC|DATA'. See `automl --help`.",
    (
        "search",
        "houses.csv",
        "--targett",
        "price",
    ): "No such option: --targett (Possible options: --store, --target). See `automl --help`.",
    (
        "search",
        "houses.csv",
        "--trials",
        "few",
    ): "Invalid value for '--trials': Input should be a valid integer, "
    "unable to parse string as an integer. See `automl --help`.",
}


@pytest.mark.parametrize("arguments", USAGE)
def test_command_that_is_wrong(command: Any, arguments: tuple[str, ...]) -> None:
    refuses(command(*arguments), USAGE[arguments])


def test_unusable_requests_show_no_traceback_in_a_process_of_their_own(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "automl.cli"]
    options: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([*program, "search", "houses.yaml"], **options)
    message = "automl: There is no spec file houses.yaml; check the path.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
    done = subprocess.run([*program, "search", "houses.yaml", "--debug"], **options)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert list(tmp_path.iterdir()) == []


def content(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
