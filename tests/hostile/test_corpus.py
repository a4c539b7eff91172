"""Hostile input is refused: a sample of the corpus at every run, all of it where there is time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from automl.errors import DataError, SpecError, shown
from benchmarks.hostile.corpus import all_cases

GROUPS = ("specs", "names", "archives", "data", "media", "bundles")


def ran(folder: Path, *more: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    """The figures and the cases of a run in a process of its own, and what it printed."""
    command = [sys.executable, "-m", "benchmarks.hostile", "--judge", "cpu"]
    names = ["--json", str(folder / "figures.json"), "--cases", str(folder / "cases.json")]
    done = subprocess.run([*command, *names, *more], capture_output=True, text=True, timeout=3000)
    assert done.returncode == 0, done.stderr[-3000:]
    figures, cases = (json.loads((folder / name).read_text()) for name in ("figures.json", "cases.json"))
    return figures, cases, done.stdout


def test_corpus_has_every_kind_of_input_and_no_name_twice() -> None:
    cases = all_cases()
    assert len(cases) >= 200
    assert {case.group for case in cases} == set(GROUPS)
    names = [(case.group, case.name) for case in cases]
    assert len(set(names)) == len(names)


def test_sample_of_the_corpus_is_refused(tmp_path: Path) -> None:
    figures, cases, said = ran(tmp_path, "--quick")
    assert {case["group"] for case in cases} == set(GROUPS)
    assert all(figure["met"] for figure in figures), said
    assert sum(case["state"] == "refused" for case in cases) > 0.8 * len(cases)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("group", GROUPS)
def test_corpus_is_refused(tmp_path: Path, group: str) -> None:
    figures, cases, said = ran(tmp_path, "--group", group)
    assert len(cases) == sum(case.group == group for case in all_cases())
    assert all(figure["met"] for figure in figures), said


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fuzzing_finds_nothing_in_a_minute(tmp_path: Path) -> None:
    crashes = tmp_path / "crashes"
    figures, _, said = ran(
        tmp_path, "--case", "alias", "--fuzz-minutes", "0.5", "--seed", "7", "--crashes", str(crashes)
    )
    assert all(figure["met"] for figure in figures), said
    assert not crashes.exists()


def test_a_case_that_does_harm_is_found(tmp_path: Path) -> None:
    """What judges the product is judged itself, in a process that may fork."""
    program = """
import json, sys
from pathlib import Path
from benchmarks.hostile import sandbox
from benchmarks.hostile.case import Case, canary_of

def hold(_given):
    return bytearray(300 * 2**20)

def spin(_given):
    until = sandbox.time.process_time() + 1.5
    while sandbox.time.process_time() < until:
        pass

harms = {
    "accepted": lambda _given: None,
    "traceback": lambda _given: 1 / 0,
    "killed": lambda _given: sandbox.os.kill(sandbox.os.getpid(), 9),
    "too large": hold,
    "too slow": spin,
    "writes beside": lambda given: canary_of(given).touch(),
    "writes elsewhere": lambda _given: Path(sys.argv[2]).touch(),
    "starts": lambda _given: sandbox.os.system("true"),
}
for name, ask in harms.items():
    harmless = "" if name == "accepted" else "x"
    outcome = sandbox.run(Case("test", name, lambda folder: folder, ask, harmless), Path(sys.argv[1]))
    print(json.dumps([name, outcome.faults(by_cpu=True)]))
"""
    command = [sys.executable, "-c", program, str(tmp_path), str(tmp_path / "elsewhere")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=True)
    found = dict(json.loads(line) for line in done.stdout.splitlines())
    assert found == {
        "accepted": ["accepted"],
        "traceback": ["traceback"],
        "killed": ["killed"],
        "too large": ["too large"],
        "too slow": ["too slow"],
        "writes beside": ["touched"],
        "writes elsewhere": ["touched"],
        "starts": ["touched"],
    }


@pytest.mark.parametrize("kind", [SpecError, DataError])
def test_messages_hold_nothing_that_a_terminal_obeys(kind: type[Exception]) -> None:
    message = f"no \x1b[31mred\u202e\ud800\x07 {'x' * 9000}, check it."
    said = str(kind(message))
    assert len(said) < 2100
    assert said.startswith("no \\x1b[31mred\\u202e\\ud800\\x07 x")
    assert said.endswith("x, check it.")
    assert said.isprintable()
    assert shown("plain, é, 名\nnext") == "plain, é, 名\nnext"
