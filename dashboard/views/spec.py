"""The spec of a search as it was resolved: to read, to save, and to start a similar search from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import streamlit as st
import yaml

from automl.spec import SearchSpec
from dashboard import links
from dashboard.snapshot import Snapshot

MOST_SHOWN = 100_000  # signs
_NOT_IN_A_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def show(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    """
    Args:
        row: of the table `searches`.
    """
    text = as_yaml(row["spec"])
    if text is None:
        st.warning("The spec of this search cannot be read by this version.", icon=":material/help:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if links.there("new"):
            links.link(
                "Start a similar search", "new", ":material/content_copy:", **{"from": row["search_id"]}
            )
        file = f"{_NOT_IN_A_FILE_NAME.sub('-', row['name'])[:80].strip('.-') or 'search'}.yaml"
        st.download_button(
            "Save as YAML",
            text,
            file,
            "application/yaml",
            key="save-spec",
            on_click="ignore",
            icon=":material/download:",
        )
    st.code(text[:MOST_SHOWN], language=None)
    if len(text) > MOST_SHOWN:
        st.caption(f"{MOST_SHOWN:,} signs shown of {len(text):,}; the saved file has all of them.")
    st.caption("Every default is filled in: run from the saved file, it is the same search.")
    st.code(snapshot.command("search", file), language=None, wrap_lines=True)


def as_yaml(spec: str) -> str | None:
    """A spec as people write it, without what it leaves open; None where it is none."""
    try:
        plain = json.loads(spec)
    except ValueError:
        return None
    if not isinstance(plain, dict) or not plain:
        return None
    named = [name for name in SearchSpec.model_fields if name in plain]
    ordered = {name: plain[name] for name in [*named, *(name for name in plain if name not in named)]}
    return str(yaml.safe_dump(_said(ordered), sort_keys=False, allow_unicode=True))


def _said(part: Any) -> Any:
    """The part without keys that are null."""
    if isinstance(part, dict):
        return {name: _said(value) for name, value in part.items() if value is not None}
    return [_said(value) for value in part] if isinstance(part, list) else part
