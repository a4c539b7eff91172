"""The files of a bundle: written so that they last, listed in a manifest, and checked before use."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl.errors import BundleError
from automl.failpoint import step

MANIFEST = "manifest.json"
MODEL = "model.json"
WEIGHTS = "model.safetensors"
PREPROCESSING = "preprocessing.json"
PREPROCESSING_ARRAYS = "preprocessing.safetensors"
CARD = "README.md"
ONNX = "model.onnx"
_REQUIRED = (MODEL, WEIGHTS, PREPROCESSING, CARD)
_KNOWN = (*_REQUIRED, PREPROCESSING_ARRAYS, ONNX)

# Caps on what a stranger's bundle may make us read before anything of it is trusted.
_MAX_JSON_BYTES = 16 * 2**20
_MAX_JSON_PARTS = 500_000  # lists and objects, each of which takes far more memory than its brackets
_MAX_MANIFEST_BYTES = 2**20
_MAX_HEADER_BYTES = 2**20
_MAX_TENSORS = 10_000
_CHUNK_BYTES = 2**20


def write_file(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, and makes it last through a power cut."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    step("before", path)
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    step("written", path)
    os.replace(temporary, path)
    step("placed", path)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def to_json(value: Any) -> bytes:
    """Readable JSON; numbers that JSON does not know are refused."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def write_manifest(folder: Path) -> None:
    """Lists every file of the bundle with its size and hash; written last, it makes the bundle whole."""
    names = [name for name in _KNOWN if (folder / name).is_file()]
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)} for name in names
    }
    write_file(folder / MANIFEST, to_json({"format": 1, "files": files}))
    sync_folder(folder)


def verify(folder: str | Path) -> dict[str, Any]:
    """Checks that a bundle is whole and unaltered, without running or building anything of it.

    Returns:
        The manifest: ``{"format": 1, "files": {name: {"bytes": ..., "sha256": ...}}}``.

    Raises:
        BundleError: a file is missing, altered, larger than sensible or not of its kind.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise BundleError(f"A bundle is a folder, but {folder} is not one; check the path.")
    manifest = read_json(folder / MANIFEST, _MAX_MANIFEST_BYTES)
    files = manifest.get("files")
    if manifest.get("format") != 1 or not isinstance(files, dict):
        raise BundleError(
            f"{folder / MANIFEST} is of format {manifest.get('format')!r}, but this version reads format 1; "
            "a newer automl may read it."
        )
    for name in _REQUIRED:
        if name not in files:
            raise BundleError(f"{folder / MANIFEST} does not list {name}, which every bundle has.")
    for name, entry in files.items():
        _check_file(folder, name, entry)
    for name in files:
        if name.endswith(".json"):
            read_json(folder / name)
        elif name.endswith(".safetensors"):
            read_header(folder / name)
    return manifest


def check_whose(place: str, folder: Path) -> None:
    """Checks that a bundle is that of the search and the trial or refit in whose place in the store it lies.

    Args:
        place: in the store, as ``searches/houses-1a2b3c4d/refits/3-0/1-ab12cd34/bundle``.
        folder: a copy of it, verified.

    Raises:
        BundleError: it is another's.
    """
    details = read_json(folder / MODEL).get("details")
    said = details if isinstance(details, Mapping) else {}
    names = [str(said.get(key)) for key in ("search_id", "name")]
    if not all(name in place.split("/") for name in names):
        raise BundleError(
            f"The bundle at {place} is that of {'/'.join(names)}: somebody has put it in the place of another. "
            "Restore what was there."
        )


def _check_file(folder: Path, name: str, entry: Any) -> None:
    path = folder / name
    if name not in _KNOWN or not isinstance(entry, Mapping):
        raise BundleError(f"{folder / MANIFEST} lists {name!r}, which is no file of a bundle.")
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"The bundle {folder} lacks its file {name}; copy or pull it again.")
    if path.stat().st_size != entry.get("bytes"):
        raise BundleError(
            f"{path} has {path.stat().st_size} bytes, but the manifest says {entry.get('bytes')}; the bundle "
            "was altered or copied in part: copy or pull it again."
        )
    if sha256_of(path) != entry.get("sha256"):
        raise BundleError(
            f"{path} is not the file that was saved: its SHA-256 differs from the manifest's; "
            "copy or pull the bundle again."
        )


def read_json(path: Path, max_bytes: int = _MAX_JSON_BYTES) -> dict[str, Any]:
    """A JSON file that holds an object.

    Raises:
        BundleError: it is missing, too large, or not that.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise BundleError(f"{path} has {size} bytes, more than the {max_bytes} that are read.")
        if not os.path.isfile(path):  # a device or a pipe may never end
            raise FileNotFoundError(path)
        content = path.read_bytes()
        if content.count(b"[") + content.count(b"{") > _MAX_JSON_PARTS:
            raise BundleError(f"{path} holds more than {_MAX_JSON_PARTS} lists and objects.")
        value = json.loads(content, parse_constant=_refuse_constant)
    except OSError:
        raise BundleError(f"There is no {path}; the bundle is incomplete: copy or pull it again.") from None
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not readable JSON ({error}); copy or pull the bundle again.") from None
    if not isinstance(value, dict):
        raise BundleError(f"{path} must hold a JSON object, but holds a {type(value).__name__}.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def read_header(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in a safetensors file by name, from its header alone.

    Raises:
        BundleError: the header is larger than 1 MiB, names over 10 000 tensors or cannot be read.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if _MAX_HEADER_BYTES < length <= path.stat().st_size:
            raise BundleError(f"{path} has a header of {length} bytes; at most {_MAX_HEADER_BYTES} are read.")
        raw = file.read(min(length, _MAX_HEADER_BYTES))
    try:
        header = json.loads(raw)
        header.pop("__metadata__", None)
        if len(header) > _MAX_TENSORS:
            raise BundleError(f"{path} holds {len(header)} tensors; at most {_MAX_TENSORS} are read.")
        return {name: tuple(int(size) for size in entry["shape"]) for name, entry in header.items()}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise BundleError(f"{path} is not a safetensors file; copy or pull the bundle again.") from None
