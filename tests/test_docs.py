"""What the README and the pages of docs/ say works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from toys import write_table

import automl
import automl.errors
from automl import strict_yaml
from automl.api import spec_of
from automl.cli import app
from automl.execution.local import LocalExecutor
from automl.spec import parse_spec

ROOT = Path(__file__).parents[1]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_spec_of_the_readme_is_valid() -> None:
    (text,) = blocks("README.md", "yaml")
    spec = parse_spec(strict_yaml.read_text(text))
    assert spec.name == "housing"
    assert spec.budget.time == 7200


def test_every_command_of_the_readme_exists() -> None:
    known = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    used = set(re.findall(r"automl ([a-z]+)", (ROOT / "README.md").read_text()))
    assert used - known == set()


def test_every_program_and_page_that_the_readme_names_exists() -> None:
    text = (ROOT / "README.md").read_text()
    for module in re.findall(r"python -m (benchmarks[a-z_.]+)", text):
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), module
    for page in re.findall(r"\]\(([a-zA-Z_/]+(?:\.md)?)\)", text):
        assert (ROOT / page).is_file(), page


def test_family_of_the_docs_is_searched_pulled_and_loaded(tmp_path: Path) -> None:
    family = tmp_path / "my_net.py"
    family.write_text(blocks("docs/families.md", "python")[0])
    table = write_table(tmp_path / "houses.csv")
    spec = spec_of(
        table,
        "price",
        families=[{"file": str(family)}],
        data={"path": str(table), "target": "price", "types": {"colour": "ignore"}},
        budget={"trials": 2, "epochs": 3},
        finalists={"top": 1, "seeds": 1},
    )
    result = automl.search(spec, store=tmp_path / "store", executor=LocalExecutor())
    assert result.state == "complete"
    folder = result.pull(tmp_path / "model")
    assert len(automl.load(folder, family).predict(table)) == 120
    with pytest.raises(automl.errors.BundleError, match="family"):
        automl.load(folder)
