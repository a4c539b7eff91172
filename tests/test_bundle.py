"""Bundles come back whole or are refused; checkpoints survive a crash; ONNX agrees with torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from automl import bundle, catalog, space, training
from automl import bundle_files as files
from automl.checkpoint import load_checkpoint, save_checkpoint
from automl.data import Prepared, prepare
from automl.errors import BundleError, DataError, NotFoundError, RequestError
from automl.onnx_export import export_onnx
from automl.spec import DataSpec, SplitSpec

DETAILS: dict[str, Any] = {
    "search_id": "houses-12345678",
    "trial": 3,
    "seed": 0,
    "scores": {"validation": {"rmse": 1.5}, "test": {"rmse": 1.75}},
    "intervals": {"test": {"rmse": [1.5, 2.0]}},
    "baselines": {"linear": {"rmse": 3.0}},
    "data": {"name": "ho*uses", "fingerprint": "ab", "n_train": 60, "n_validation": 20, "n_test": 20},
    "train_seconds": 1.25,
    "versions": {"automl": "0.1.0"},
}


def _frame(n_rows: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    size, place = rng.normal(100, 20, n_rows).round(2), rng.choice(["north", "south", "east"], n_rows)
    price = size * 2 + 50 * (place == "north") + rng.normal(0, 5, n_rows)
    kind = np.where(size > 100, "large", "small")
    return pl.DataFrame({"size": size, "place": place, "price": price.round(3), "kind": kind})


def _prepared(folder: Path, target: str) -> Prepared:
    path = folder / "houses.csv"
    _frame().drop("kind" if target == "price" else "price").write_csv(path)
    return prepare(DataSpec(path=str(path), target=target), SplitSpec(), "auto")


def _save(folder: Path, data: Prepared, family_name: str | None = None, **changes: Any) -> torch.nn.Module:
    family = catalog.family("mlp" if data.signature.kind == "table" else "cnn")
    configuration = space.fill(family.full_space(data.task.kind, data.signature.kind), space.default)
    configuration["width"] = 16
    network = training.build_network(family, configuration, data.signature, seed=1)
    settings: dict[str, Any] = {
        "network": network,
        "family_name": family_name or family.name,
        "configuration": configuration,
        "signature": data.signature,
        "task": data.task,
        "target_scale": data.target_scale,
        "preprocessing": data.preprocessing,
        "details": DETAILS,
    }
    bundle.save(folder, **{**settings, **changes})
    return network


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return _prepared(tmp_path_factory.mktemp("data"), "price")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "model"
    _save(folder, prepared)
    return folder


@pytest.fixture
def saved(tmp_path: Path, whole: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "model")


def test_bundle_comes_back_with_the_same_predictions(tmp_path: Path, prepared: Prepared) -> None:
    network = _save(tmp_path, prepared)
    predictor = bundle.load(tmp_path)
    rows = prepared.test
    wanted = training.predict(network, rows.inputs, prepared.task, prepared.target_scale)
    np.testing.assert_array_equal(predictor.predict(rows.inputs), wanted)
    frame = _frame()
    everything = predictor.predict(frame)
    np.testing.assert_allclose(np.asarray(everything)[rows.index], wanted, rtol=1e-5)
    np.testing.assert_array_equal(predictor.predict(frame.to_dict(as_series=False)), everything)
    np.testing.assert_array_equal(predictor.predict(frame.lazy()), everything)
    frame.write_csv(tmp_path / "rows.csv")
    np.testing.assert_allclose(predictor.predict(tmp_path / "rows.csv"), everything, rtol=1e-5)
    assert set(predictor.evaluate(frame)) == {"rmse", "mae", "r2"}
    assert [column["name"] for column in predictor.input_schema] == ["size", "place"]
    assert predictor.classes == ()
    with pytest.raises(
        RequestError, match=r"^The model is for regression of price, which has no probabilities\.$"
    ):
        predictor.predict_proba(frame)


def test_bundle_of_a_classifier_names_classes(tmp_path: Path) -> None:
    data = _prepared(tmp_path, "kind")
    _save(tmp_path / "model", data)
    predictor = bundle.load(tmp_path / "model")
    probabilities = predictor.predict_proba(_frame())
    assert probabilities.shape == (120, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    names = predictor.predict(_frame())
    assert names == [predictor.classes[code] for code in probabilities.argmax(axis=1)]
    assert predictor.evaluate(_frame())["accuracy"] == np.mean(np.array(names) == _frame()["kind"].to_numpy())
    assert predictor.predict(_frame().clear()) == []
    assert "for predicting kind (one of 2 classes)" in predictor.describe()
    with pytest.raises(DataError, match="trained on a table: give a frame"):
        predictor.predict(np.zeros((3, 2)))


def test_bundle_of_images_takes_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (60, 8, 8), dtype=np.uint8), np.array(["cat", "dog"] * 30)
    np.savez(tmp_path / "pets.npz", x=x, y=y)
    data = prepare(DataSpec(path=str(tmp_path / "pets.npz")), SplitSpec(), "auto")
    _save(tmp_path / "model", data)
    predictor = bundle.load(tmp_path / "model")
    np.testing.assert_array_equal(predictor.predict(x), predictor.predict(x[..., np.newaxis]))
    assert len(predictor.predict(tmp_path / "pets.npz")) == 60
    assert 0 <= predictor.evaluate({"image": x, data.task.target: y})["accuracy"] <= 1
    with pytest.raises(
        DataError, match=r"^Images are uint8, .* but an array of float64 and shape \(2, 3\) came\.$"
    ):
        predictor.predict(np.zeros((2, 3)))
    with pytest.raises(DataError, match="judged only with their targets"):
        predictor.evaluate(x)


def test_model_card_tells_what_a_user_must_know(whole: Path) -> None:
    card = (whole / "README.md").read_text()
    for part in (
        "# mlp for price",
        "was trained from nothing",
        "| test | rmse | 1.75 | 1.5 to 2 |",
        "| linear | rmse | 3 |",
        "- rows: 60 for train, 20 for validation, 20 for test",
        "ho\\*uses",
        '"learning_rate"',
        "## Limits",
    ):
        assert part in card, part


def test_model_card_names_starting_weights_and_chosen_scores(tmp_path: Path, prepared: Prepared) -> None:
    details = {"starting_weights": "base.safetensors", "scores": {"validation": {"rmse": 1.0}}}
    _save(tmp_path, prepared, details=details)
    card = (tmp_path / "README.md").read_text()
    assert "began from the weights `base.safetensors`" in card
    assert "The validation rows chose this model" in card


def test_bundle_holds_no_pickle(whole: Path) -> None:
    names = {path.name for path in whole.iterdir()}
    assert names <= {"manifest.json", *files._KNOWN}
    assert not any(b"\x80\x04\x95" in path.read_bytes() for path in whole.iterdir())


@pytest.mark.parametrize("name", ["model.json", "model.safetensors", "preprocessing.json", "README.md"])
def test_bundle_with_one_flipped_bit_is_refused(saved: Path, name: str) -> None:
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(BundleError, match=r"is not the file that was saved: its SHA-256 differs") as caught:
        bundle.load(saved)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["manifest.json", "model.json", "model.safetensors", "README.md"])
def test_bundle_that_lacks_a_file_is_refused(saved: Path, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(BundleError, match="copy or pull it again"):
        bundle.verify(saved)


def test_bundle_with_more_bytes_is_refused(saved: Path) -> None:
    with (saved / "README.md").open("a") as file:
        file.write("more")
    with pytest.raises(BundleError, match=r"README\.md has \d+ bytes, but the manifest says \d+; the bundle"):
        bundle.verify(saved)


def test_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"^A bundle is a folder, but .*none is not one; check the path\.$"):
        bundle.verify(tmp_path / "none")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not readable JSON"),
        (b"[" * 100_000, "is not readable JSON"),
        (b'{"format": NaN}', "NaN is not a JSON number"),
        (b"\xff\xfe", "is not readable JSON"),
        (b"[]", "must hold a JSON object, but holds a list"),
        (b'{"format": 2, "files": {}}', "is of format 2, but this version reads format 1"),
        (b'{"format": 1, "files": {}}', "does not list model.json, which every bundle has"),
        (b" " * (2**20 + 1), "has 1048577 bytes, more than the 1048576 that are read"),
    ],
)
def test_manifest_that_is_none_is_refused(saved: Path, content: bytes, message: str) -> None:
    (saved / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError, match=message):
        bundle.verify(saved)


def test_manifest_that_names_other_files_is_refused(saved: Path) -> None:
    manifest = json.loads((saved / "manifest.json").read_text())
    manifest["files"]["../secret"] = {"bytes": 1, "sha256": ""}
    (saved / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=r"lists '\.\./secret', which is no file of a bundle"):
        bundle.verify(saved)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            (2**20 + 1).to_bytes(8, "little") + b" " * (2**20 + 1),
            "has a header of 1048577 bytes; at most 1048576 are read",
        ),
        (b"\xff" * 20, "is not a safetensors file"),
        (b"\x02\0\0\0\0\0\0\0[]", "is not a safetensors file"),
        (b"junk", "is not a safetensors file"),
    ],
)
def test_weights_that_are_none_are_refused(saved: Path, content: bytes, message: str) -> None:
    (saved / "model.safetensors").write_bytes(content)
    files.write_manifest(saved)
    with pytest.raises(BundleError, match=message):
        bundle.load(saved)


def test_weights_with_too_many_tensors_are_refused(tmp_path: Path) -> None:
    entry = {"dtype": "F32", "shape": [], "data_offsets": [0, 0]}
    header = json.dumps({str(i): entry for i in range(10_001)}).encode()
    (tmp_path / "x.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(BundleError, match="holds 10001 tensors; at most 10000 are read"):
        files.read_header(tmp_path / "x.safetensors")


def _change_model(folder: Path, **changes: Any) -> None:
    model = json.loads((folder / "model.json").read_text())
    model["configuration"] |= changes.pop("configuration", {})
    (folder / "model.json").write_text(json.dumps({**model, **changes}))
    files.write_manifest(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"configuration": {"width": 17}}, "do not fit the installed family 'mlp'"),
        (
            {"configuration": {"width": 10**9}},
            "does not fit its family: space.width must be from 1 to 16,384",
        ),
        ({"configuration": {"dropout": "much"}}, "does not fit its family: space.dropout is a number"),
        ({"signature": {}}, "is not a model of ours"),
        ({"format": 9}, "is a model of format 9; this version reads 2"),
    ],
)
def test_model_that_does_not_fit_is_refused(saved: Path, changes: dict[str, Any], message: str) -> None:
    _change_model(saved, **changes)
    with pytest.raises(BundleError, match=message):
        bundle.load(saved)


def test_model_of_an_unknown_family_is_refused(saved: Path) -> None:
    _change_model(saved, family="mlq")
    with pytest.raises(NotFoundError, match="did you mean mlp"):
        bundle.load(saved)


def test_model_of_a_users_file_needs_its_family(tmp_path: Path, prepared: Prepared) -> None:
    _save(tmp_path, prepared, family_name="mine")
    assert json.loads((tmp_path / "model.json").read_text())["file_family"] is True
    with pytest.raises(BundleError, match="whose code a bundle never carries"):
        bundle.load(tmp_path)
    own = replace(catalog.family("mlp"), name="mine")
    assert len(bundle.load(tmp_path, family=own).predict(prepared.test.inputs)) == len(prepared.test)
    with pytest.raises(BundleError, match="is of the family 'mine', but 'mlp' was given"):
        bundle.load(tmp_path, family=catalog.family("mlp"))


def test_onnx_agrees_with_torch_and_is_in_the_manifest(saved: Path, prepared: Prepared) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    path = export_onnx(saved)
    assert "model.onnx" in bundle.verify(saved)["files"]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.run(["prediction"], dict(prepared.test.inputs))
    wanted = bundle.load(saved).predict(prepared.test.inputs)
    np.testing.assert_allclose(given, wanted, rtol=1e-4)
    assert not list(saved.glob(".*"))


def test_onnx_without_its_packages_tells_how_to_install_them(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(RequestError, match=r"install it with: pip install 'automl\[onnx\]'$"):
        export_onnx(saved)


def test_checkpoint_comes_back_exactly(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "none") is None
    for number in range(12):
        tensors = {"a": torch.full((2,), number / 3), "n": torch.tensor(number)}
        save_checkpoint(tmp_path, tensors, {"x": number / 7})
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert torch.equal(found[0]["a"], tensors["a"])
    assert torch.equal(found[0]["n"], tensors["n"])
    assert found[1] == {"x": 11 / 7}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "10.json", "10.safetensors", "11.json", "11.safetensors",
    ]  # fmt: skip
    save_checkpoint(tmp_path / "empty", {}, {"own_loop": True})
    assert load_checkpoint(tmp_path / "empty") == ({}, {"own_loop": True})


@pytest.mark.parametrize("name", ["1.json", "1.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "flip", "remove"])
def test_damaged_checkpoint_falls_back_to_the_one_before(tmp_path: Path, name: str, damage: str) -> None:
    for number in range(2):
        save_checkpoint(tmp_path, {"a": torch.full((2,), float(number))}, {"number": number})
    _damage(tmp_path / name, damage)
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert found[1] == {"number": 0}
    save_checkpoint(tmp_path, {"a": torch.ones(2)}, {"number": 2})
    newest = load_checkpoint(tmp_path)
    assert newest is not None
    assert newest[1] == {"number": 2}
    for path in tmp_path.glob("*.safetensors"):
        _damage(path, damage)
    assert load_checkpoint(tmp_path) is None


def _damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "remove":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


def test_a_bundle_of_format_2_is_read_for_ever() -> None:
    """`files/bundle_v2` was written by version 0.1.0; what it predicts must never change."""
    model = bundle.load(Path(__file__).parent / "files" / "bundle_v2")
    rows = {"a": [0.5, -1.0, None], "b": [0.1, 2.0, 0.3], "colour": ["red", "violet", "blue"]}
    expected = [1.0148589883415076, 1.263268295997803, 0.9692591079685273]
    np.testing.assert_allclose(np.asarray(model.predict(rows)), expected, rtol=1e-5)


def test_laying_out_a_network_imports_no_compiler() -> None:
    said = "import sys, torch; from automl.bundle import _NotFilled\n"
    said += "with torch.device('meta'), _NotFilled(): torch.nn.Embedding(30, 4)\n"
    said += "assert 'torch._inductor' not in sys.modules"
    subprocess.run([sys.executable, "-c", said], check=True)
