"""The architecture of a network: its layers as a picture and as a table."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import shell, words
from dashboard.charts import architecture as charts
from dashboard.queries import layers as queries
from dashboard.queries.naming import Named
from dashboard.snapshot import Snapshot
from dashboard.views import asking


def show(snapshot: Snapshot, named: Named) -> None:
    """Builds the network in a process of its own, and draws what it is made of."""
    said = "Building the network, which takes some seconds …"
    answer = asking.answer(snapshot, "inspect", str(named), said=said)
    if answer is not None:
        _draw(answer)
        st.code(snapshot.command("inspect", str(named), "--json"), language=None, wrap_lines=True)


def _draw(answer: dict[str, Any]) -> None:
    try:
        found = queries.layers(answer)
        family, n_weights, exact = str(answer["family"]), int(answer["n_parameters"]), bool(answer["exact"])
    except (LookupError, TypeError, ValueError):
        st.warning("The command described the network in a way that this page does not know.")
        return
    n_layers = len(answer["layers"])
    said = f"{family}: {words.plural(n_layers, 'layer')}, {n_weights:,} weights."
    st.markdown(words.escape(said))
    if not exact:
        st.caption("Its bundle is gone: this is the network built again from its configuration.")
    if not found:
        st.info("It has no layers.", icon=":material/layers:")
        return
    blocks = queries.folded(found)
    rows, n_left_out = queries.picture_rows(blocks, charts.MAX_ROWS)
    described = f"The layers of {family} from input to output: {', '.join(rows['kind'].head(12))}."
    table = queries.table(found)
    shell.chart(charts.picture(rows, n_left_out), described, table, "architecture")
    st.caption(_caption(rows.height, n_left_out, n_layers, any(block.times > 1 for block in blocks)))


def _caption(n_drawn: int, n_left_out: int, n_layers: int, repeats: bool) -> str:
    said = "From the input at the top to the output. Beside each layer: the shape of what it gives, and its weights."
    if repeats:
        said += " A bracket marks layers that follow each other several times; their weights are summed."
    if n_left_out:
        said += f" {n_drawn:,} of {n_drawn + n_left_out:,} lines are drawn, the first and the last."
    if n_layers > queries.MAX_LAYERS:
        said += f" Of the {n_layers:,} layers the first {queries.MAX_LAYERS:,} are looked at."
    return said
