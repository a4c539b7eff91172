"""What `automl validate` says as JSON: costs, spaces, and configurations drawn from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed")
from toys import write_table

from automl.bundle_files import sha256_of
from automl.commands import searching
from automl.estimate import N_SAMPLES
from automl.space import leaves
from automl.space_notation import from_plain
from automl.store import open_store
from automl.store.uploads import Uploads, upload_url


def validated(capsys: pytest.CaptureFixture[str], spec: Path, store: str | None = None) -> dict[str, Any]:
    capsys.readouterr()
    assert searching.validate(str(spec), store=store, as_json=True) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_it_gives_the_spaces_and_samples_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "data: {name: iris}\nfamilies: [mlp, {name: resnet, space: {dropout: 0.1}}]\nbudget: {trials: 3, epochs: 1}\n"
        "seed: 5\n"
    )
    found = validated(capsys, spec)
    spaces = {name: from_plain(space) for name, space in found["spaces"].items()}
    assert list(spaces) == ["mlp", "resnet"]
    assert spaces["resnet"]["dropout"] == 0.1
    assert len(found["samples"]) == N_SAMPLES
    for number, sample in enumerate(found["samples"]):
        assert sample["family"] == ["mlp", "resnet"][number % 2]
        known = dict(leaves(spaces[sample["family"]]))
        assert all(known[path].contains(value) for path, value in sample["values"].items())
    assert validated(capsys, spec)["samples"] == found["samples"]


def test_it_reads_uploads_from_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store(tmp_path / "store", create=True)
    write_table(tmp_path / "houses.csv")
    digest = sha256_of(tmp_path / "houses.csv")
    Uploads(store).put(digest, "houses.csv", tmp_path / "houses.csv")
    spec = tmp_path / "spec.yaml"
    url = upload_url(digest, "houses.csv")
    spec.write_text(
        f"data: {{path: '{url}', target: price}}\nfamilies: [mlp]\nbudget: {{trials: 1, epochs: 1}}\n"
    )
    assert validated(capsys, spec, str(store))["task"] == "regression"
