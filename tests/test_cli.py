"""The command line: quick to answer, and readable in every form that it prints."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toys import toy_spec

import automl
from automl import cli
from automl.execution.local import LocalExecutor
from automl.progress_line import ProgressLine
from automl.study.progress import Progress

COMMANDS = [
    *("search", "resume", "validate", "status", "leaderboard", "trials", "pull", "predict", "evaluate"),
    *("dashboard", "families", "datasets", "delete", "gc", "demo"),
]
HEAVY = ("torch", "ray", "optuna", "polars", "numpy", "pydantic", "deltalake", "rich.console", "sklearn")
Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command that must succeed, and gives what it printed."""

    def call(*arguments: str, status: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["automl", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as done:
            cli.main()
        captured = capsys.readouterr()
        assert (done.value.code or 0) == status, captured.err
        return captured.out

    return call


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("stored")
    spec = toy_spec(folder, families=["mlp"], finalists={"top": 1, "seeds": 1})
    spec["budget"] = {"trials": 2, "epochs": 2}
    result = automl.search(spec, store=folder / "automl-store", executor=LocalExecutor())
    return folder, result.search_id


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['automl', '--help']\nfrom automl import cli\n"
        f"try: cli.main()\nexcept SystemExit: print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        seconds.append(time.monotonic() - began)
    assert done.stdout.splitlines()[-1] == "[]"
    assert min(seconds) < 0.5
    for name in COMMANDS:
        (line,) = (line for line in done.stdout.splitlines() if line.startswith(f"  {name} "))
        assert not line.endswith("..."), f"the help of {name} is cut"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run: Run, name: str) -> None:
    assert run(name, "--help").startswith(f"Usage: automl {name} ")


def test_version_and_nothing_at_all(run: Run) -> None:
    from importlib.metadata import version

    assert run("--version") == f"automl {version('automl')}\n"
    assert run(status=2).startswith("Usage: automl ")


@pytest.mark.parametrize("name", ["trials", "leaderboard"])
def test_tables_are_printed_in_every_format(run: Run, stored: tuple[Path, str], name: str) -> None:
    folder, search_id = stored
    asked = (name, search_id, "--store", str(folder / "automl-store"))
    rows = json.loads(run(*asked, "--format", "json"))
    assert rows == json.loads(run(*asked, "--json"))
    assert all(row["search_id"] == search_id for row in rows)
    from_csv = pl.read_csv(io.StringIO(run(*asked, "--format", "csv")))
    assert from_csv["score"].to_list() == [row["score"] for row in rows]
    assert list(from_csv.columns) == list(rows[0])
    lines = run(*asked).splitlines()
    assert all(len(line) <= 160 and line == line.rstrip() for line in lines)


def test_parquet_is_printed_as_bytes(stored: tuple[Path, str]) -> None:
    folder, search_id = stored
    program = [sys.executable, "-m", "automl.cli", "trials", search_id, "--format", "parquet"]
    done = subprocess.run(
        [*program, "--store", str(folder / "automl-store")], capture_output=True, check=True
    )
    assert pl.read_parquet(done.stdout)["trial"].sort().to_list() == [0, 1]


def test_a_model_is_pulled_used_and_judged(run: Run, stored: tuple[Path, str], tmp_path: Path) -> None:
    folder, search_id = stored
    store = ("--store", str(folder / "automl-store"))
    model, data = str(tmp_path / "model"), str(folder / "toy.csv")
    assert run("pull", search_id, model, *store) == (
        f"{model} holds the model of {search_id}, verified. Use it:\n"
        f"  automl predict {model} DATA -o predictions.csv\n"
    )
    out = tmp_path / "out.parquet"
    assert run("predict", model, data, "-o", str(out)) == f"120 predictions written to {out}.\n"
    printed = pl.read_csv(io.StringIO(run("predict", model, data)))
    assert printed["prediction"].to_list() == pytest.approx(pl.read_parquet(out)["prediction"].to_list())
    assert set(json.loads(run("evaluate", model, data, "--json"))) == {"rmse", "mae", "r2"}
    assert run("evaluate", model, data).splitlines()[0].startswith("mae ")


def test_status_delete_and_gc_say_what_they_do(run: Run, stored: tuple[Path, str], tmp_path: Path) -> None:
    folder, search_id = stored
    store = ("--store", str(folder / "automl-store"))
    (row,) = json.loads(run("status", "--json", *store))
    assert (row["search_id"], row["state"], row["n_trials"]) == (search_id, "complete", 2)
    assert search_id in run("status", search_id, *store)
    freed = run("delete", search_id, "--dry-run", *store)
    assert freed.startswith(f"{search_id}: ")
    assert freed.endswith(" MB would be freed.\n")
    assert search_id in run("status", *store)
    assert run("gc", "--dry-run", *store) == "There is nothing to remove.\n"
    (tmp_path / "store").mkdir()
    empty = run("status", "--store", str(tmp_path / "store"))
    assert empty == f"There is no search in the store {tmp_path / 'store'} yet.\n"


def test_a_dry_run_writes_nothing(
    run: Run, stored: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = str(stored[0] / "toy.csv")
    said = run("search", data, "--target", "price", "--trials", "3", "--epochs", "4", "--dry-run")
    assert said.startswith("The spec is valid: toy-")
    assert "about 3 trials on " in said
    assert list(tmp_path.iterdir()) == []


def test_the_estimate_is_near_what_trials_take(stored: tuple[Path, str]) -> None:
    from automl.api import spec_of
    from automl.estimate import estimate

    folder, _ = stored
    spec = toy_spec(folder, families=["mlp"], finalists={"top": 1, "seeds": 1}, search={"rungs": "none"})
    spec["budget"] = {"trials": 1, "epochs": 100}
    found = estimate(spec_of(spec))
    result = automl.search(spec, store=folder / "timed", executor=LocalExecutor())
    taken = result.trials()["train_seconds"][0]
    assert taken / 10 < found.families[0].seconds < taken * 10


def test_what_there_is_in_the_catalogue(run: Run) -> None:
    assert {row["family"] for row in json.loads(run("families", "--json"))} >= {"mlp", "resnet", "cnn"}
    assert "digits" in run("datasets")


def test_progress_is_said_once_a_line_without_a_terminal() -> None:
    class Objective:
        name = "rmse"

    class Search:
        objectives = (Objective(),)

        class spec:
            class budget:
                time = None

    def progress(**changes: Any) -> Progress:
        given: dict[str, Any] = {
            "n_complete": 1,
            "n_stopped": 2,
            "n_failed": 0,
            "n_running": 2,
            "n_planned": 9,
        }
        given |= {"phase": "search", "best_trial": 0, "best_score": 0.123456, "best_family": "mlp"}
        given |= {"n_refits_done": 0, "n_refits": 0, "fraction": 0.2, "notes": ()}
        return Progress(**(given | changes))

    stream = io.StringIO()
    line = ProgressLine(stream)
    line(Search(), progress())  # type: ignore[arg-type]
    line(Search(), progress(n_complete=2))  # type: ignore[arg-type]
    done = progress(phase="done", n_running=0, n_complete=7, n_refits=3, n_refits_done=3)
    line(Search(), done)  # type: ignore[arg-type]
    line.close()
    assert stream.getvalue().splitlines() == [
        "searching · 3/9 trials (2 running, 2 stopped early) · best rmse 0.12346 (mlp)",
        "done · 9/9 trials (2 stopped early) · 3/3 refits · best rmse 0.12346 (mlp)",
    ]
