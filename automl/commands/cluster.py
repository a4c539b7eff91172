"""The command that shows a cluster."""

from __future__ import annotations

import json
import os
from typing import Any

from automl.commands.options import JsonOption


def cluster(as_json: JsonOption = False) -> None:
    """Shows the machines, what runs where, and what waits.

    Those of the service at AUTOML_URL, else of the cluster at RAY_ADDRESS, else this one.
    """
    from automl.remote import connected

    service = connected()
    found = _here() if service is None else service.cluster()
    if as_json:
        print(json.dumps(found))
        return
    if found["problem"]:
        print(found["problem"])
    if found["nodes"]:
        _show_nodes(found["nodes"])
    _show_searches(found["searches"])


def _here() -> dict[str, Any]:
    """The same without a service, which alone has a queue."""
    from automl.execution.machines import this_node, to_plain

    address = os.environ.get("RAY_ADDRESS")
    if not address:
        nodes = [this_node()]
    else:
        from automl.execution.ray_head import RayHead

        nodes = RayHead(address).nodes()
    return {"problem": None, "nodes": [to_plain(node) for node in nodes], "searches": []}


def _show_nodes(nodes: list[dict[str, Any]]) -> None:
    import polars as pl

    from automl.show import show

    rows = [
        {
            "node": node["node_id"] + (" (head)" if node["head"] and len(nodes) > 1 else ""),
            "address": node["address"],
            "state": "up" if node["alive"] else "gone",
            "cpus": _of(node["cpus_used"], node["cpus"]),
            "gpus": _of(node["gpus_used"], node["gpus"]),
            "memory": f"{node['memory_bytes'] / 2**30:.0f} GiB",
            "workers": ", ".join(f"{n} of {search}" for search, n in sorted((node["workers"] or {}).items())),
        }
        for node in nodes
    ]
    show(pl.DataFrame(rows), "table")


def _of(used: float | None, total: float) -> str:
    """
    >>> _of(1.0, 8.0), _of(None, 0.5)
    ('1 of 8', '0.5')
    """
    return f"{total:g}" if used is None else f"{used:g} of {total:g}"


def _show_searches(searches: list[dict[str, Any]]) -> None:
    import polars as pl

    from automl.show import show

    if not searches:
        return
    print()
    rows = [
        {
            "search_id": search["search_id"],
            "user": search["user"],
            "state": search["state"],
            "workers": search["workers"],
            "message": f"waits for {search['waits_for']}" if search["waits_for"] else "",
        }
        for search in searches
    ]
    show(pl.DataFrame(rows), "table")
