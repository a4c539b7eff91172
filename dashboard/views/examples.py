"""The worst examples of a refit, with what on them spoke for its predictions."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.charts import attributions as charts
from dashboard.queries import examples as queries
from dashboard.queries.examples import Example
from dashboard.queries.naming import Named
from dashboard.snapshot import Snapshot
from dashboard.views import asking

N_EXAMPLES = 8
ORDERS = {"worst": "The worst", "best": "The best"}
_ASKED = "_explained"


def show(snapshot: Snapshot, named: Named, splits: list[str]) -> None:
    """On request: the network is loaded in a process of its own, and run on the rows."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.segmented_control(
            "Examples",
            list(ORDERS),
            default="worst",
            required=True,
            format_func=lambda name: ORDERS[name],
            key="rows",
            bind="query-params",
        )
        split = st.segmented_control(
            "Of the rows", splits, default=splits[0], required=True, key="examples-split"
        )
        pressed = st.button("Show them", icon=":material/visibility:", key="explain", type="primary")
    question = (str(named), str(order), str(split))
    if pressed:
        st.session_state[_ASKED] = question
    if st.session_state.get(_ASKED) != question:
        st.caption("The network is loaded and run on these rows, which takes some seconds up to a minute.")
        return
    asked = ("--rows", str(order), "--n", str(N_EXAMPLES), "--split", str(split))
    said = "Loading the network, and asking it about these rows …"
    answer = asking.answer(snapshot, "explain", str(named), *asked, said=said)
    if answer is not None:
        _draw(answer)
        st.code(snapshot.command("explain", str(named), *asked, "--json"), language=None, wrap_lines=True)


def _draw(answer: dict[str, Any]) -> None:
    try:
        kind, found = str(answer["kind"]), queries.examples(answer)
        chosen = str(answer["chosen"])
        about = f"{chosen[:1].upper()}{chosen[1:]}, of {int(answer['n_rows']):,} {answer['split']} rows."
        about += f" Attributions: {answer['method']}."
    except (LookupError, TypeError, ValueError, AttributeError):
        st.warning("The command described the examples in a way that this page does not know.")
        return
    st.caption(words.escape(about, 600))
    frames = []
    columns = st.columns(2) if kind == "image" else [st.container()]
    for place, example in enumerate(found):
        with columns[place % len(columns)], st.container(border=True):
            frame = _one(kind, example, f"example-{place}")
            if frame is not None:
                frames.append(frame.select(pl.lit(example.row).alias("row"), pl.all()))
    if frames:
        shell.numbers(pl.concat(frames), "What stands in the examples, and its attributions.", "examples")


def _one(kind: str, example: Example, key: str) -> pl.DataFrame | None:
    """One example; gives what its chart draws."""
    left, right = st.columns([1, 2] if kind == "image" else [1, 3])
    with left:
        st.markdown(f"**Row {example.row}**")
        st.text(words.text(f"true: {example.target}", 200))
        st.text(words.text(f"predicted: {example.prediction}", 200))
        for name, share in example.probabilities:
            st.progress(min(1.0, max(0.0, float(share))), f"{words.escape(name, 60)} {share:.1%}")
        said = "" if example.loss is None else f"loss {number(example.loss)}"
        about = None
        if example.gap is not None:
            said += f" · unexplained {abs(example.gap):.1%}"
            about = "What the attributions do not add up to, of the difference that they should explain"
        st.caption(words.escape(said), help=about)
    with right:
        try:
            return _input(kind, example, key)
        except (LookupError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError):
            st.caption("This input cannot be shown.")
    return None


def _input(kind: str, example: Example, key: str) -> pl.DataFrame | None:
    if kind == "image":
        _image(example)
        return None
    if kind == "series":
        return _series(example, key)
    given, spoken, sides = example.input, example.attribution, example.sides
    if kind == "text":
        values = queries.tokens(given["tokens"], spoken)
        values = values.with_columns(pl.col("token").map_elements(words.text, pl.String))
        drawn, what, n_all = charts.text(values, sides), "tokens shown, the first", len(given["tokens"])
    elif kind == "audio":
        st.audio(queries.played(given), sample_rate=queries.SAMPLE_RATE)
        values = queries.wave(given, spoken)
        drawn, what, n_all = (
            charts.wave(values, sides),
            "values drawn, the largest of each stretch, with the sum of its attributions",
            len(given["wave"]),
        )
    else:
        values = queries.columns(given, spoken)
        values = values.with_columns(pl.col("column", "value").map_elements(words.text, pl.String))
        drawn, what, n_all = (
            charts.columns(values, sides),
            "columns shown, those that speak loudest",
            len(given),
        )
    shell.picture(drawn, f"Row {example.row} with its attributions.", key)
    if n_all > values.height:
        st.caption(f"{values.height} of {n_all:,} {what}.")
    return values


def _series(example: Example, key: str) -> pl.DataFrame:
    values = queries.series(example.input, example.attribution)
    described = f"A series of row {example.row} with its attributions."
    for place, one in enumerate(values.partition_by("name", maintain_order=True)):
        st.caption(words.escape(one["name"][0], 80))
        shell.picture(charts.series(one, example.sides), described, f"{key}-{place}")
    n_series = len(example.input["names"])
    if n_series > queries.MAX_SERIES:
        st.caption(f"{queries.MAX_SERIES} of {n_series:,} series shown, the first.")
    return values.with_columns(pl.col("name").map_elements(words.text, pl.String))


def _image(example: Example) -> None:
    given, heat = queries.image(example.input), queries.image(example.attribution)
    if given is None:
        st.caption("This image cannot be shown.")
        return
    with st.container(horizontal=True):
        st.image(given, caption="as given", width=150, alt=f"The image of row {example.row}")
        if heat is not None:
            alt = f"Where on the image of row {example.row} the prediction comes from"
            st.image(heat, caption="blue speaks for it, orange against", width=150, alt=alt)
