"""Whether a bundle is whole and unaltered."""

from __future__ import annotations

import streamlit as st

from automl.bundle_files import check_whose, verify
from automl.errors import BundleError
from automl.store import Place
from dashboard.queries.bundles import Bundle

CHECKED_AT_ONCE_BYTES = 2**28  # of a bundle on a disk, which is checked without being asked for


def problem(found: Bundle, asked_for: bool = False) -> str | None:
    """What is wrong with a bundle, in a sentence: ``""`` where nothing is, None where nobody has looked yet.

    Every file is hashed, once for each state of them. That is done at once where they lie on a disk and are not very
    large, and otherwise where it was asked for.
    """
    key = (str(found.place), found.sha256, tuple(_state(found.place)))
    done = st.session_state.setdefault("checked-bundles", set())
    at_once = found.place.on_disk() is not None and found.n_bytes <= CHECKED_AT_ONCE_BYTES
    if not at_once and not asked_for and key not in done:
        return None
    done.add(key)
    return _problem(key, found)


def _state(place: Place) -> list[tuple[str, int, float]]:
    return sorted((file.name, file.n_bytes, file.changed_at) for file in place.files())


@st.cache_data(max_entries=1024, show_spinner="Checking hashes …")
def _problem(key: tuple[object, ...], _found: Bundle) -> str:
    del key
    try:
        with _found.place.fetched() as local:
            verify(local)
            check_whose(str(_found.place), local)
    except BundleError as error:
        return str(error)
    return ""
