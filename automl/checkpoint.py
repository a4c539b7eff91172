"""Checkpoints of a training: the newest whole one survives a crash at any moment.

Checkpoint ``n`` is ``n.safetensors`` and then ``n.json``, which holds the values and the hashes of
both; the newest whole one before it is kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from automl.bundle_files import sync_folder, write_file

log = logging.getLogger("automl.checkpoint")


def save_checkpoint(folder: str | Path, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    """Writes the next checkpoint, then removes all but it and the newest whole one before it.

    Args:
        values: JSON; numbers come back exactly.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = _numbers(folder)
    number = numbers[-1] + 1 if numbers else 0
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    text = json.dumps(values)
    mark = {"tensors": _sha256(content), "values": _sha256(text.encode()), "text": text}
    write_file(folder / f"{number}.safetensors", content)
    write_file(folder / f"{number}.json", json.dumps(mark).encode())
    sync_folder(folder)
    before = next((old for old in reversed(numbers) if _contents(folder, old) is not None), None)
    for old in numbers:
        if old != before:
            (folder / f"{old}.json").unlink(missing_ok=True)
            (folder / f"{old}.safetensors").unlink(missing_ok=True)


def load_checkpoint(folder: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The newest checkpoint that is whole, or None where there is none."""
    return next(whole_checkpoints(folder), None)


def whole_checkpoints(folder: str | Path) -> Iterator[tuple[dict[str, Tensor], dict[str, Any]]]:
    """Every checkpoint that is whole, the newest first; one that is damaged is left out, and the log says so."""
    folder = Path(folder)
    for number in reversed(_numbers(folder)):
        contents = _contents(folder, number)
        if contents is None:
            log.warning("bad_checkpoint: %s is not as it was written, and is not used", folder / str(number))
        else:
            yield load(contents[0]), json.loads(contents[1])


def _contents(folder: Path, number: int) -> tuple[bytes, str] | None:
    """The tensors and the values as they were written, or None where a hash says otherwise."""
    try:
        mark = json.loads((folder / f"{number}.json").read_bytes())
        content = (folder / f"{number}.safetensors").read_bytes()
        text = str(mark["text"])
        whole = _sha256(content) == mark["tensors"] and _sha256(text.encode()) == mark["values"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return (content, text) if whole else None


def _numbers(folder: Path) -> list[int]:
    return sorted(int(file.stem) for file in folder.glob("*.json") if file.stem.isdigit())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
