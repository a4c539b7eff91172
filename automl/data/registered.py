"""Data sets known by name: one file each in `benchmarks/datasets/`, which defines one as ``DATASET``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from automl.data.raw import RawData, fingerprint
from automl.errors import DataError
from automl.task import TaskKind


@dataclass(frozen=True)
class RegisteredData:
    """A data set with where it comes from and what it must hold.

    Args:
        sha256: the fingerprint of what `load` gives; another content is refused.
        source: where it was first published.
        summary: one line for people.
    """

    name: str
    summary: str
    source: str
    licence: str
    kind: str
    task: TaskKind
    target: str
    n_rows: int
    sha256: str
    load: Callable[[], RawData]

    def read(self) -> RawData:
        """The rows, checked.

        Raises:
            DataError: the content is not what it was when this data set was registered.
        """
        raw = self.load()
        found = fingerprint(raw)
        if found != self.sha256:
            raise DataError(
                f"The data set {self.name} should have the SHA-256 {self.sha256}, but what was read has "
                f"{found}. "
                "It has changed since it was registered; install the version of scikit-learn that the "
                "project names, "
                "or register the new content."
            )
        return replace(raw, content=found)
