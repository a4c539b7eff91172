"""What runs on the cluster and waits for it, and how the tables are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from automl.store.rows import TABLES
from dashboard import words
from dashboard.kept import query
from dashboard.snapshot import Snapshot

GIB = 2**30


@query("searches")
def active(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The searches that run or wait, as the tables have them, the first that was begun first."""
    rows = (
        snapshot.scan("searches").filter(pl.col("state").is_in(words.ACTIVE)).sort("created_at", "search_id")
    )
    return [_plain(row) for row in rows.collect().to_dicts()]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    resources = json.loads(row["spec"]).get("resources") or {}
    workers = resources.get("workers") if row["state"] == "running" else 0
    return {
        **{name: row[name] for name in ("search_id", "state", "updated_at")},
        "user": None,
        "workers": workers,
        "waits_for": None,
    }


def searches_table(
    searches: Sequence[Mapping[str, Any]], updated: Mapping[str, datetime], now: datetime
) -> pl.DataFrame:
    """One line a search that has workers or waits for some.

    Args:
        updated: when the tables last heard of each.
    """
    schema = {
        **{name: pl.String for name in ("search", "state", "user")},
        "workers": pl.Int64,
        "waits_for": pl.String,
        "lag": pl.String,
    }
    lines = []
    for search in searches:
        heard = updated.get(search["search_id"])
        lines.append(
            {
                "search": words.text(search["search_id"]),
                "state": words.state(search["state"]),
                "user": words.text(search["user"] or ""),
                "workers": search["workers"],
                "waits_for": words.text(search["waits_for"] or ""),
                "lag": None
                if heard is None
                else f"{words.duration(max(0.0, (now - heard).total_seconds()))} ago",
            }
        )
    return pl.DataFrame(lines, schema=schema)


def nodes_table(nodes: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """One line a machine: how much of it is used, by which searches; a share is None where nobody knows."""
    schema = {
        **{name: pl.String for name in ("node", "state", "cpus")},
        "cpus_used": pl.Float64,
        "gpus": pl.String,
        "gpus_used": pl.Float64,
        "memory": pl.Float64,
        "workers": pl.String,
    }
    return pl.DataFrame([_node(node, len(nodes)) for node in nodes], schema=schema)


def _node(node: Mapping[str, Any], n_nodes: int) -> dict[str, Any]:
    workers = sorted((node["workers"] or {}).items())
    return {
        "node": words.text(node["node_id"]) + (" (head)" if node["head"] and n_nodes > 1 else ""),
        "state": "● up" if node["alive"] else "✖ gone",
        "cpus": used_of(node["cpus_used"], node["cpus"]),
        "cpus_used": _share(node["cpus_used"], node["cpus"]),
        "gpus": used_of(node["gpus_used"], node["gpus"]),
        "gpus_used": _share(node["gpus_used"], node["gpus"]),
        "memory": node["memory_bytes"] / GIB,
        "workers": words.text(", ".join(f"{n} of {search_id}" for search_id, n in workers), 500),
    }


def used_of(used: float | None, total: float) -> str:
    """
    >>> used_of(1.0, 8.0), used_of(None, 0.5)
    ('1 of 8', '0.5')
    """
    return f"{total:g}" if used is None else f"{used:g} of {total:g}"


def _share(used: float | None, total: float) -> float | None:
    return None if used is None or not total else min(1.0, used / total)


def total(nodes: Sequence[Mapping[str, Any]], what: str) -> str:
    """How much of something, ``cpus`` or ``gpus``, all machines that are up have, and how much of it is used."""
    up = [node for node in nodes if node["alive"]]
    used = [node[f"{what}_used"] for node in up]
    return used_of(None if None in used else sum(used), sum(node[what] for node in up))


def tables(snapshot: Snapshot) -> pl.DataFrame:
    """One line a table of the store: its version, rows, files, bytes, and when it was last written."""
    lines = []
    for name in TABLES:
        table = snapshot.table(name)
        if table is None:
            continue
        files = pl.DataFrame(table.get_add_actions(flatten=True)).select("num_records", "size_bytes").sum()
        written = table.history(1)[0]["timestamp"] / 1000
        lines.append(
            {
                "table": name,
                "version": int(table.version()),
                "rows": int(files["num_records"][0] or 0),
                "files": len(table.file_uris()),
                "megabytes": (files["size_bytes"][0] or 0) / 1e6,
                "written": datetime.fromtimestamp(written, UTC),
            }
        )
    schema = {
        "table": pl.String,
        "version": pl.Int64,
        "rows": pl.Int64,
        "files": pl.Int64,
        "megabytes": pl.Float64,
    }
    return pl.DataFrame(lines, schema={**schema, "written": pl.Datetime("us", "UTC")})
