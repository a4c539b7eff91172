"""What needs torch, asked of the command line once, and kept while the trial stays as it is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from automl.errors import AutoMLError
from dashboard import processes, words
from dashboard.snapshot import Snapshot

MOST_ANSWERS = 128


def answer(snapshot: Snapshot, *arguments: str, said: str) -> Any:
    """What ``automl ARGUMENTS --store STORE --json`` says of a network; None where it says that it cannot, in words.

    Args:
        said: what is done meanwhile.
    """
    try:
        with st.spinner(said):
            return _kept((*arguments, "--store", str(snapshot.store)))
    except AutoMLError as error:
        st.warning(words.escape(error, 1500), icon=":material/error:")
    except ValueError:
        st.warning("The command gave an answer that cannot be read.", icon=":material/error:")
    return None


@st.cache_data(max_entries=MOST_ANSWERS, show_spinner=False)
def _kept(arguments: tuple[str, ...]) -> Any:
    """An answer by its question: what was trained once is never changed."""
    return processes.ask(*arguments)
