"""Bundles that were altered, or made to harm. A case is one entry of `ALTERED` or `SEALED`.

Those of `ALTERED` are changed as they lie on the disk; for those of `SEALED` the manifest is written anew, as anybody
can, so that all hashes are right.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from automl import bundle_files as files
from benchmarks.hostile import asking
from benchmarks.hostile.case import Case, pickle_of
from benchmarks.hostile.specs import ROWS

Change = Callable[[Path], Any]
_DETAILS = {"search_id": "x-00000000", "trial": 0, "scores": {"test": {"rmse": 1.0}}}


def sound(folder: Path) -> Path:
    """A bundle as a search leaves it, of a small network; the first case of a run makes it for all."""
    made = folder.parent.parent / "sound"
    if not made.exists():
        _make(folder)
        (folder / "model").rename(made)
    return Path(shutil.copytree(made, folder / "model"))


def _make(folder: Path) -> None:
    from automl import bundle, catalog, space, training
    from automl.data import prepare
    from automl.spec import DataSpec, SplitSpec

    (folder / "rows.csv").write_text(ROWS)
    data = prepare(DataSpec(path=str(folder / "rows.csv"), target="y"), SplitSpec(), "auto")
    family = catalog.family("mlp")
    configuration = {**space.fill(family.full_space(data.task.kind, "table"), space.default), "width": 8}
    configuration["embedding"] = {"name": "none"}
    bundle.save(
        folder / "model",
        network=training.build_network(family, configuration, data.signature, seed=0),
        family_name="mlp",
        configuration=configuration,
        signature=data.signature,
        task=data.task,
        target_scale=data.target_scale,
        preprocessing=data.preprocessing,
        details=_DETAILS,
    )
    (folder / "rows.csv").unlink()


def _json(name: str, change: Callable[[dict[str, Any]], Any]) -> Change:
    """A JSON file of the bundle changed in place; what `change` gives is of no matter."""

    def changed(model: Path) -> None:
        value = json.loads((model / name).read_text())
        change(value)
        (model / name).write_text(json.dumps(value))

    return changed


_model, _preprocessing = partial(_json, files.MODEL), partial(_json, files.PREPROCESSING)
_manifest = partial(_json, files.MANIFEST)


def _put(name: str, content: bytes | str) -> Change:
    return lambda model: (model / name).write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )


def _edit(name: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda model: (model / name).write_bytes(change((model / name).read_bytes()))


def _remove(name: str) -> Change:
    return lambda model: (model / name).unlink()


def _link(name: str, target: str) -> Change:
    def changed(model: Path) -> None:
        (model / name).unlink()
        (model / name).symlink_to(target)

    return changed


def _pipe(name: str) -> Change:
    def changed(model: Path) -> None:
        (model / name).unlink()
        os.mkfifo(model / name)

    return changed


def _sparse(name: str, n_bytes: int) -> Change:
    return lambda model: os.truncate(model / name, n_bytes)


def _pickled(name: str) -> Change:
    return lambda model: (model / name).write_bytes(pickle_of(model.parent))


def _listed(name: str) -> Change:
    """Another file in the manifest, with what is right for it where it is there."""
    entry = {"bytes": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    return _manifest(lambda value: value["files"].update({name: entry}))


def _tensors(header: bytes | dict[str, Any], body: bytes = b"", length: int | None = None) -> Change:
    """Other weights, with a head as it is given."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return _put(files.WEIGHTS, struct.pack("<Q", len(head) if length is None else length) + head + body)


def _header(change: Callable[[dict[str, Any]], Any]) -> Change:
    """The head of the weights changed, their numbers left as they are."""

    def changed(content: bytes) -> bytes:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        change(header)
        head = json.dumps(header).encode()
        return struct.pack("<Q", len(head)) + head + content[8 + length :]

    return _edit(files.WEIGHTS, changed)


def _first(change: Callable[[dict[str, Any]], Any]) -> Change:
    """What the head says of the first tensor changed."""
    return _header(lambda header: change(next(v for k, v in header.items() if k != "__metadata__")))


def _entry(dtype: str = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def _overlap(header: dict[str, Any]) -> None:
    for value in header.values():
        if isinstance(value, dict) and "data_offsets" in value:
            first, last = value["data_offsets"]
            value["data_offsets"] = [0, last - first]


def _filled(value: bytes) -> Change:
    """Every weight this one number of four bytes."""

    def changed(content: bytes) -> bytes:
        (length,) = struct.unpack("<Q", content[:8])
        n_bytes = len(content) - 8 - length
        return content[: 8 + length] + (value * n_bytes)[:n_bytes]

    return _edit(files.WEIGHTS, changed)


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Sets what lies at a path of keys."""

    def change(content: dict[str, Any]) -> None:
        *above, last = path.split("/")
        node: Any = content
        for key in above:
            node = node[int(key) if isinstance(node, list) else key]
        node[int(last) if isinstance(node, list) else last] = value

    return change


_DEEP = "[" * 100_000
_HUGE = 10**18
_ZERO = b"\0" * 4
_BRANCHES = json.loads('{"name":' * 900 + "1" + "}" * 900)
_FIELD = {"shape": [1], "dtype": "float32", "cardinalities": []}

ALTERED: dict[str, Change] = {
    "one bit of the weights": _edit(files.WEIGHTS, lambda c: c[:-1] + bytes([c[-1] ^ 1])),
    "one letter of the model": _edit(files.MODEL, lambda c: c.replace(b"mlp", b"MLP")),
    "weights cut off": _edit(files.WEIGHTS, lambda c: c[:-10]),
    "weights of 10 GB": _sparse(files.WEIGHTS, 10 * 2**30),
    "no manifest": _remove(files.MANIFEST),
    "no weights": _remove(files.WEIGHTS),
    "no model": _remove(files.MODEL),
    "no preprocessing": _remove(files.PREPROCESSING),
    "no card": _remove(files.CARD),
    "weights that are a link": _link(files.WEIGHTS, "/etc/passwd"),
    "weights that are a link to an endless file": _link(files.WEIGHTS, "/dev/zero"),
    "a model that is a link to itself": _link(files.MODEL, files.MODEL),
    "a manifest that is a link to an endless file": _link(files.MANIFEST, "/dev/zero"),
    "a manifest that is a pipe": _pipe(files.MANIFEST),
    "weights that are a pipe": _pipe(files.WEIGHTS),
    "a manifest of 10 GB": _sparse(files.MANIFEST, 10 * 2**30),
    "a manifest of brackets": _put(files.MANIFEST, _DEEP),
    "a manifest of a list": _put(files.MANIFEST, "[]"),
    "a manifest of nothing": _put(files.MANIFEST, ""),
    "a manifest that is no text": _put(files.MANIFEST, b"\xff\xfe\xfd"),
    "a manifest of another format": _manifest(_set("format", 99)),
    "a manifest of files in a list": _manifest(_set("files", ["model.json"])),
    "a manifest of 20,000 files": _manifest(lambda m: m["files"].update({f"{i}": {} for i in range(20_000)})),
    "a size below zero": _manifest(_set("files/model.json/bytes", -1)),
    "a hash that is a list": _manifest(_set("files/model.json/sha256", [])),
    "an entry that is text": _manifest(_set("files/model.json", "x")),
    "a file that is not there": _listed("model.onnx"),
    "a file of another kind": _listed("run.py"),
    "a file outside": _listed("../../../../etc/passwd"),
    "a file outside, by its whole path": _listed("/etc/passwd"),
    "a file with NUL": _listed("a\0b"),
    "a file of no name": _listed(""),
    "a file whose name is a folder": _listed("."),
    "a file of 10,000 letters": _listed("x" * 10_000),
    "a file of half a surrogate": _listed("\ud800.json"),
    "hidden in a dot": _listed("./model.json"),
}

SEALED: dict[str, Change] = {
    # weights
    "weights that are a pickle": _pickled(files.WEIGHTS),
    "arrays that are a pickle": _pickled(files.PREPROCESSING_ARRAYS),
    "weights of nothing": _put(files.WEIGHTS, b""),
    "weights of seven bytes": _put(files.WEIGHTS, b"\0" * 7),
    "a head of 2**64 bytes": _tensors(b"{}", length=2**64 - 1),
    "a head of 2**63 bytes": _tensors(b"{}", length=2**63),
    "a head of 2 MB": _tensors(b"{" + b" " * 2**21 + b"}"),
    "a head of no bytes": _tensors(b""),
    "a head of brackets": _tensors(b"[" * 500_000),
    "a head of a list": _tensors(b"[1, 2]"),
    "a head that is no text": _tensors(b"\xff" * 100),
    "a head that ends too soon": _tensors(b'{"a": {"dtype": "F32", "sha'),
    "one tensor twice": _tensors(b'{"a": 1, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', _ZERO),
    "12,000 tensors": _tensors({f"{i}": _entry(shape=[0], offsets=[0, 0]) for i in range(12_000)}),
    "a shape of 10**18": _first(lambda t: t.update(shape=[_HUGE])),
    "a shape of 10**18 in each of ten": _first(lambda t: t.update(shape=[_HUGE] * 10)),
    "a shape below zero": _first(lambda t: t.update(shape=[-1])),
    "a shape that is text": _first(lambda t: t.update(shape="8")),
    "a shape of text": _first(lambda t: t.update(shape=["8", "x"])),
    "a shape of reals": _first(lambda t: t.update(shape=[8.5])),
    "a shape of 5,000 digits": _edit(files.WEIGHTS, lambda c: c.replace(b'"shape":[8', b'"shape":[' + b"9" * 5000, 1)),
    "a shape of 100,000 ones": _first(lambda t: t.update(shape=[1] * 100_000)),
    "offsets beyond the end": _first(lambda t: t.update(data_offsets=[0, 2**40])),
    "offsets below zero": _first(lambda t: t.update(data_offsets=[-4, 0])),
    "offsets that run back": _first(lambda t: t.update(data_offsets=[8, 0])),
    "offsets that are one": _first(lambda t: t.update(data_offsets=[0])),
    "offsets that overlap": _header(_overlap),
    "an unknown type of number": _first(lambda t: t.update(dtype="Q77")),
    "another type of number": _first(lambda t: t.update(dtype="I32")),
    "a type of half the size": _first(lambda t: t.update(dtype="F16")),
    "one tensor too many": _header(lambda h: h.update(evil=_entry(shape=[0], offsets=[0, 0]))),
    "one tensor too few": _header(lambda h: h.pop(next(iter(h)))),
    "a tensor of another name": _header(lambda h: h.update({"../x": h.pop(next(iter(h)))})),
    "metadata of 900 kB": _header(lambda h: h.update(__metadata__={"a": "x" * 900_000})),
    "metadata that is a list": _header(lambda h: h.update(__metadata__=[1])),
    "weights that are no numbers": _filled(b"\0\0\xc0\x7f"),
    "weights that are infinite": _filled(b"\0\0\x80\x7f"),
    "numbers behind the weights": _edit(files.WEIGHTS, lambda c: c + b"\0" * 100),
    # the model
    "a family that is code": _model(_set("family", "os:system")),
    "a family by path": _model(_set("family", "../../evil")),
    "a family by module": _model(_set("family", "os.path")),
    "a private family": _model(_set("family", "_layers")),
    "a family of a list": _model(_set("family", ["mlp"])),
    "a family of 1 MB": _model(_set("family", "x" * 2**20)),
    "an unknown family": _model(_set("family", "nothing")),
    "another family": _model(_set("family", "cnn")),
    "a family of a file": _model(lambda m: m.update(file_family=True, family="evil", file="evil.py")),
    "a family with its code": _model(lambda m: m.update(file_family=True, code="import os; os.system('touch x')")),
    "another format": _model(_set("format", 99)),
    "a format of a list": _model(_set("format", [[]])),
    "a model of nothing": _put(files.MODEL, "{}"),
    "a model of brackets": _put(files.MODEL, _DEEP),
    "a model of objects in objects": _put(files.MODEL, '{"a":' * 100_000),
    "a model of a list": _put(files.MODEL, "[]"),
    "a model of NaN": _edit(files.MODEL, lambda c: c.replace(b'"dropout": 0.15', b'"dropout": NaN')),
    "a width of 5,000 digits": _edit(files.MODEL, lambda c: c.replace(b'width": 8', b'width": ' + b"9" * 5000)),
    "a model of one key twice": _edit(files.MODEL, lambda c: c.replace(b'"width": 8', b'"width": 8, "width": 16000')),
    "a model that is no text": _put(files.MODEL, b"\xff\xfe"),
    "a model of 70 MB": _sparse(files.MODEL, 70 * 2**20),
    "a model of 30 MB": _put(files.MODEL, b"[" + b"[]," * 10_000_000 + b"1]"),
    "a width of 10**18": _model(_set("configuration/width", _HUGE)),
    "a width of text": _model(_set("configuration/width", "8")),
    "a width of a list": _model(_set("configuration/width", [8])),
    "a depth of 10**9": _model(_set("configuration/depth", 10**9)),
    "a depth of 10**300": _model(_set("configuration/depth", 10**300)),
    "the widest and deepest": _model(lambda m: m["configuration"].update(width=16_384, depth=64)),
    "a parameter of dunders": _model(_set("configuration/__class__", "x")),
    "an activation that is code": _model(_set("configuration/activation", "__import__('os')")),
    "a configuration of a list": _model(_set("configuration", [])),
    "a configuration of text": _model(_set("configuration", "x")),
    "a configuration of 900 branches": _model(_set("configuration/optimizer", _BRANCHES)),
    "a signature of a list": _model(_set("signature", [])),
    "a signature of another kind": _model(_set("signature/kind", "image")),
    "a kind that is none": _model(_set("signature/kind", "../x")),
    "a signature of 10**18 columns": _model(_set("signature/inputs/numeric/shape", [_HUGE])),
    "a signature of fewer columns than none": _model(_set("signature/inputs/numeric/shape", [-1])),
    "a signature of text": _model(_set("signature/inputs/numeric/shape", ["1"])),
    "a signature without shape": _model(_set("signature/inputs/numeric/shape", [])),
    "a signature of no inputs": _model(_set("signature/inputs", {})),
    "a signature of other inputs": _model(_set("signature/inputs", {"evil": _FIELD})),
    "a signature of an unknown type": _model(_set("signature/inputs/numeric/dtype", "object")),
    "10**12 categories": _model(_set("signature/inputs/categorical/cardinalities", [10**12])),
    "fewer categories than none": _model(_set("signature/inputs/categorical/cardinalities", [-5])),
    "10**12 outputs": _model(_set("signature/n_outputs", 10**12)),
    "outputs of text": _model(_set("signature/n_outputs", "1")),
    "no outputs": _model(_set("signature/n_outputs", 0)),
    "a task that is none": _model(_set("task/kind", "mining")),
    "a task of a list": _model(_set("task", [])),
    "another task": _model(_set("task/kind", "classification")),
    "classes of a number": _model(_set("task/classes", 5)),
    "a horizon of 10**12": _model(lambda m: m["task"].update(kind="forecasting", horizon=10**12)),
    "a scale of text": _model(_set("target_scale/mean", "0")),
    "a scale of a mapping": _model(_set("target_scale", {"mean": {}, "deviation": {}})),
    "a scale of a thousand": _model(_set("target_scale/mean", [0.0] * 1000)),
    "a scale of 10**300": _model(_set("target_scale/mean", 10**300)),
    "details of a list": _model(_set("details", [])),
    "scores of text": _model(_set("details/scores", {"test": "good"})),
    "scores of lists": _model(_set("details/scores", {"test": {"rmse": [[]]}})),
    "scores of numbers as text": _model(_set("details/scores", {"test": {"rmse": "0.5"}})),
    # the preprocessing
    "a preprocessing of nothing": _put(files.PREPROCESSING, "{}"),
    "a preprocessing of brackets": _put(files.PREPROCESSING, _DEEP),
    "a preprocessing of another kind": _preprocessing(_set("kind", "image")),
    "a preprocessing of a kind that is none": _preprocessing(_set("kind", "os")),
    "a preprocessing of a list": _preprocessing(_set("kind", ["table"])),
    "columns of text": _preprocessing(_set("encoder/columns", "abc")),
    "columns of nothing": _preprocessing(_set("encoder/columns", [])),
    "a column of an unknown type": _preprocessing(_set("encoder/columns/0/type", "eval")),
    "a column of a number": _preprocessing(_set("encoder/columns/0", 5)),
    "a column without name": _preprocessing(lambda p: p["encoder"]["columns"][0].pop("name")),
    "a column twice": _preprocessing(lambda p: p["encoder"]["columns"].append(p["encoder"]["columns"][0])),
    "a column of text for numbers": _preprocessing(_set("encoder/columns/0/median", "x")),
    "categories of a number": _preprocessing(_set("encoder/columns/1/categories", 5)),
    "categories of lists": _preprocessing(_set("encoder/columns/1/categories", [[1], [2]])),
    "a million categories": _preprocessing(_set("encoder/columns/1/categories", [str(i) for i in range(1_000_000)])),
    "features of code": _preprocessing(_set("features", {"n_layers": 10**9, "code": "x"})),
    "arrays cut off": _edit(files.PREPROCESSING_ARRAYS, lambda c: c[:-8]),
    "arrays of nothing": _put(files.PREPROCESSING_ARRAYS, struct.pack("<Q", 2) + b"{}"),
    "an ONNX model of code": _put(files.ONNX, b"import os; os.system('touch x')"),
}  # fmt: skip

HARMLESS: dict[str, str] = {
    "metadata of 900 kB": "nothing of it is read",
    "a scale of text": "the text is a number",
    "a scale of 10**300": "a number like others; whoever seals a bundle decides what it predicts",
    "arrays of nothing": "numbers are scaled linearly; whoever seals a bundle decides what it predicts",
    "an ONNX model of code": "loading a bundle does not read it",
}


def cases() -> Iterator[Case]:
    for name, change in ALTERED.items():
        yield Case("bundles", f"altered: {name}", partial(_made, change, False), asking.load)
    for name, change in SEALED.items():
        yield Case(
            "bundles", f"sealed: {name}", partial(_made, change, True), asking.load, HARMLESS.get(name, "")
        )
    for name, make in _FOLDERS.items():
        yield Case("bundles", name, make, asking.load)


def _made(change: Change, is_sealed: bool, folder: Path) -> Path:
    model = sound(folder)
    change(model)
    if is_sealed:
        files.write_manifest(model)
    return model


def _linked(folder: Path) -> Path:
    (folder / "model").symlink_to("/dev")
    return folder / "model"


_FOLDERS: dict[str, Callable[[Path], Path]] = {
    "a file for a folder": lambda _folder: Path("/etc/passwd"),
    "a folder of devices": _linked,
    "an empty folder": lambda folder: folder,
    "a folder that is not there": lambda folder: folder / "nothing",
    "a folder with NUL": lambda folder: folder / "a\0b",
    "a folder of 5,000 letters": lambda folder: folder / ("x" * 5000),
}
