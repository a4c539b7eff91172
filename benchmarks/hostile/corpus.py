"""Every case of the corpus; a group is a file with `cases`."""

from __future__ import annotations

from benchmarks.hostile import archives, bundles, data_files, media, names, specs
from benchmarks.hostile.case import Case

_GROUPS = (specs, names, archives, data_files, media, bundles)


def all_cases() -> list[Case]:
    """All cases, group by group."""
    return [case for group in _GROUPS for case in group.cases()]
