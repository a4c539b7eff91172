"""Every fault of the catalogue once, as small as it can be: nothing lost, doubled or run again, no promise broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults.catalogue import __path__ as folder
from benchmarks.faults.repeats import load, measures, names, repeated

FAST_SECONDS = 10.0  # a fault that takes longer is sampled in slow runs only


def test_every_file_is_a_fault() -> None:
    files = {file.stem for file in Path(folder[0]).glob("[!_]*.py")}
    assert set(names()) == files
    for name in names():
        fault = load(name)
        assert fault.injects, name
        assert fault.holds, name
        assert fault.noticed, name


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if load(name).seconds <= FAST_SECONDS else pytest.mark.slow)
        for name in names()
    ],
)
def test_fault_harms_nothing(name: str) -> None:
    fault = load(name)
    if (lacking := fault.lacking()) is not None:
        pytest.skip(lacking)
    count = repeated(name, fault.strike, 1, seed=0, quick=True)
    found = {one.name: one.value for one in measures(name, fault, count, None, 0.0) if one.reach == 0}
    assert found
    assert count.broken == []
    assert set(found.values()) == {0}, found
    assert count.struck >= 1
