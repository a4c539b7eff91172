"""How trials and refits are named in addresses and on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"(.+)/([0-9]{1,15})(?:-([0-9]{1,15}))?")


@dataclass(frozen=True)
class Named:
    """A trial of a search, or one of its refits.

    >>> str(Named("houses-0a1b2c3d", 17, 0)), Named("houses-0a1b2c3d", 17).work
    ('houses-0a1b2c3d/17-0', '17')
    """

    search_id: str
    trial: int
    refit: int | None = None

    def __str__(self) -> str:
        return f"{self.search_id}/{self.work}"

    @property
    def work(self) -> str:
        """Its name within the search, as logs and folders have it."""
        return str(self.trial) if self.refit is None else f"{self.trial}-{self.refit}"

    @property
    def of_trial(self) -> Named:
        """The trial itself, also where this is a refit of it."""
        return Named(self.search_id, self.trial)


def named(text: str) -> Named | None:
    """What ``SEARCH/17`` or ``SEARCH/17-0`` names; None where a text is neither.

    >>> named("houses-0a1b2c3d/17-0")
    Named(search_id='houses-0a1b2c3d', trial=17, refit=0)
    >>> named("houses-0a1b2c3d") is None
    True
    """
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    search_id, trial, refit = found.groups()
    return Named(search_id, int(trial), None if refit is None else int(refit))
