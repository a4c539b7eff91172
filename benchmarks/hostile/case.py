"""One hostile input, and how the product is asked to take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CANARY = "canary"  # beside the folder of a case: what runs code of a case's own would make it


@dataclass(frozen=True)
class Case:
    """One input that somebody could give.

    Args:
        make: writes it into an empty folder, and gives what `ask` takes.
        ask: gives it to the product in a way that users have; an `AutoMLError` is a refusal.
        writes: folders that it may write to where it is accepted.
        harmless: why it may as well be accepted; empty where it must be refused.
    """

    group: str
    name: str
    make: Callable[[Path], Any]
    ask: Callable[[Any], object]
    harmless: str = ""
    writes: tuple[str, ...] = ()


def canary_of(folder: Path) -> Path:
    """The file that code in a case of this folder tries to make."""
    return folder.parent / CANARY


def pickle_of(folder: Path) -> bytes:
    """A pickle that makes the canary of this folder where it is loaded, as protocol 0 has it."""
    return f"cos\nsystem\n(S'touch {canary_of(folder)}'\ntR.".encode()
