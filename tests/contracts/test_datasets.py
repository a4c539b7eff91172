"""What every registered data set must be."""

from __future__ import annotations

import pytest

from automl import catalog
from automl.data import prepare, read
from automl.data.raw import fingerprint
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec

NAMES = catalog.names("data set")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_it_says(name: str) -> None:
    registered = catalog.dataset(name)
    raw = read(DataSpec(name=name))
    assert (raw.name, raw.kind, len(raw)) == (name, registered.kind, registered.n_rows)
    assert fingerprint(raw) == registered.sha256
    assert raw.target == registered.target
    assert all((registered.summary, registered.source, registered.licence))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_prepared_as_its_task(name: str) -> None:
    prepared = prepare(DataSpec(name=name), SplitSpec(), "auto")
    assert prepared.task.kind == catalog.dataset(name).task
    assert prepared.signature.kind == catalog.dataset(name).kind
    assert prepared.fingerprint == catalog.dataset(name).sha256


def test_other_content_is_refused() -> None:
    from dataclasses import replace

    changed = replace(catalog.dataset("iris"), sha256="0" * 64)
    with pytest.raises(DataError) as caught:
        changed.read()
    assert str(caught.value) == (
        f"The data set iris should have the SHA-256 {'0' * 64}, but what was read has "
        f"{catalog.dataset('iris').sha256}. It has changed since it was registered; install the version of "
        "scikit-learn that the project names, or register the new content."
    )
