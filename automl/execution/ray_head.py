"""The head of a Ray cluster, asked over HTTP: its jobs, its machines and what runs on them.

Nothing here joins the cluster as a driver does, so that whoever asks outlives it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import requests
from ray.exceptions import RayError
from ray.job_submission import JobSubmissionClient

from automl.errors import RequestError, UnreachableError
from automl.execution.cluster import quiet
from automl.execution.machines import Node
from automl.execution.ray_token import MODE, check_shown_token

ANSWER_SECONDS = 10.0
SECRET = ("/api/version", "/api/jobs/")  # what nobody without the token may see
MOST_LISTED = 10_000  # of one kind, by Ray's own limit
WORKER, STUDY = "Trainable", "study-"  # in a worker actor's class, and before the search in a study's name


class RayHead:
    """The head of the cluster at `address`, as `RAY_ADDRESS` names it. It is looked up once.

    Raises:
        UnreachableError: by every method, where the cluster does not answer.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._known: _Client | None = None

    def check_closed(self) -> None:
        """Raise `RequestError` where anybody who reaches Ray could run code on the cluster."""
        quiet()
        check_shown_token()
        with self.client() as client:
            url = client.get_address()
        for path in SECRET:
            try:
                status = requests.get(f"{url}{path}", timeout=ANSWER_SECONDS).status_code
            except requests.RequestException as error:
                raise _unreachable(self.address, error) from error
            if status != 401:
                raise RequestError(
                    f"Ray must refuse who shows no token (status 401), but {url}{path} answered with {status}: "
                    f"whoever reaches it can run code on the cluster. Start every machine's Ray with {MODE}=token "
                    "and the same token; docs/cluster.md says how."
                )

    @contextmanager
    def client(self) -> Iterator[Any]:
        """Ray's client for jobs; what it raises inside becomes `UnreachableError`."""
        try:
            with self._lock:
                if self._known is None:
                    self._known = _Client(self.address)
            yield self._known
        except (OSError, RuntimeError, ValueError, RayError) as error:
            raise _unreachable(self.address, error) from error

    def resources(self) -> Mapping[str, float]:
        """What all machines that are up have, by Ray's names: ``CPU``, ``GPU``, ``memory``."""
        found: dict[str, float] = {}
        for node in self._list("nodes", detail="1"):
            if node["state"] == "ALIVE":
                for name, amount in node["resources_total"].items():
                    found[name] = found.get(name, 0.0) + amount
        return found

    def nodes(self) -> list[Node]:
        """The machines, the head first; those that are gone among them."""
        workers = self._workers()
        used = self._used()
        found = []
        for node in self._list("nodes", detail="1"):
            total, id_ = node["resources_total"] or {}, node["node_id"]
            in_use = used.get(id_, {})
            found.append(
                Node(
                    node_id=id_[:12],
                    address=node["node_ip"],
                    alive=node["state"] == "ALIVE",
                    head=bool(node["is_head_node"]),
                    cpus=float(total.get("CPU", 0.0)),
                    gpus=float(total.get("GPU", 0.0)),
                    memory_bytes=int(total.get("memory", 0)),
                    cpus_used=_first(in_use, "CPU"),
                    gpus_used=_first(in_use, "GPU"),
                    workers=workers.get(id_, {}),
                )
            )
        return sorted(found, key=lambda node: (not node.head, not node.alive, node.address, node.node_id))

    def _workers(self) -> dict[str, dict[str, int]]:
        """How many workers of each search run on each node, by the node's id."""
        actors = self._list("actors", filter_keys="state", filter_predicates="=", filter_values="ALIVE")
        searches = {
            actor["job_id"]: actor["name"].removeprefix(STUDY).rpartition("-")[0]
            for actor in actors
            if (actor["name"] or "").startswith(STUDY)
        }
        found: dict[str, dict[str, int]] = {}
        for actor in actors:
            if WORKER in actor["class_name"] and actor["job_id"] in searches:
                on_node = found.setdefault(actor["node_id"], {})
                search_id = searches[actor["job_id"]]
                on_node[search_id] = on_node.get(search_id, 0) + 1
        return found

    def _used(self) -> Mapping[str, Any]:
        """Used and total of each resource, by node; empty where the autoscaler does not say."""
        with self.client() as client:
            status = client.get("/api/cluster_status", {})["data"].get("clusterStatus") or {}
        return cast(Mapping[str, Any], (status.get("loadMetricsReport") or {}).get("usageByNode") or {})

    def _list(self, kind: str, **query: str) -> list[dict[str, Any]]:
        with self.client() as client:
            answer = client.get(f"/api/v0/{kind}", {"limit": str(MOST_LISTED), **query})
        return cast(list[dict[str, Any]], answer["data"]["result"]["result"])


class _Client(JobSubmissionClient):  # type: ignore[misc]
    """Ray's own, which would wait for ever for an answer, and asks for jobs alone."""

    def get(self, path: str, query: Mapping[str, str]) -> Any:
        answer = self._do_request("GET", path, params=query)
        if answer.status_code != 200:
            self._raise_error(answer)
        return answer.json()

    def _do_request(self, method: str, endpoint: str, **more: Any) -> Any:
        return super()._do_request(method, endpoint, timeout=ANSWER_SECONDS, **more)


def _first(in_use: Mapping[str, Any], name: str) -> float | None:
    """What is used of a resource; 0 where a node that is known has none of it."""
    return float(in_use[name][0]) if name in in_use else 0.0 if in_use else None


def _unreachable(address: str, error: Exception) -> UnreachableError:
    said = " ".join(str(error).split())[:300]
    return UnreachableError(
        f"Ray at {address} does not answer as it should: {said.rstrip('.')}. Check RAY_ADDRESS and `ray status`."
    )
