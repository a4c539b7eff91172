"""What the pages show, against what a loop over the rows gives."""

from __future__ import annotations

import doctest

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard import words
from dashboard.charts import intervals


def test_the_chart_of_intervals_draws_every_frame() -> None:
    board = {"label": ["a"], "what": ["baseline"], "rank": [1], "score": [0.1], "low": [0.0], "high": [1]}
    assert intervals.intervals(pl.DataFrame(board), "rmse", "min").to_dict()["layer"]


@given(st.text(max_size=60))
def test_escaped_text_leaves_no_sign_of_markdown_unmarked(value: str) -> None:
    shown = words.escape(value)
    bare = shown.replace("\\\\", "")
    for sign in "`*_[]<>#|~$:&":
        assert all(bare[i - 1] == "\\" for i, found in enumerate(bare) if found == sign)
    assert "\n" not in shown


def test_examples_of_words() -> None:
    assert doctest.testmod(words).failed == 0
