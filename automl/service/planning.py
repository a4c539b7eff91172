"""Reads the data of a submitted search, in a process of its own: what hurts it hurts nobody else.

``python -m automl.service.planning`` reads ``{"spec": ..., "store": ..., "cpus": ..., "gpus": ...}`` and prints the
search as it is resolved, or what is wrong with it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import replace
from typing import Any

from automl import errors
from automl.errors import AutoMLError, RequestError

SECONDS = 600.0
MEMORY_BYTES = 32 * 2**30  # of addresses, of which torch alone reserves many
_FILE_BYTES = 2**20  # it writes nothing but to its pipe


def plan_apart(spec: dict[str, Any], store: str, n_cpus: int, n_gpus: int) -> dict[str, Any]:
    """``{"search": as resolved, "notes": [...]}`` of a spec.

    Raises:
        RequestError: what is wrong with the spec or its data.
    """
    asked = json.dumps({"spec": spec, "store": store, "cpus": n_cpus, "gpus": n_gpus})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "automl.service.planning"],
            input=asked.encode(),
            capture_output=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise RequestError(
            f"The data could not be read within {SECONDS:.0f} s; give less, or max_rows."
        ) from error
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = said[-1][:300] if said else "it said nothing"
        raise RequestError(
            f"The process that read the data ended with status {done.returncode}: {last}."
        ) from error
    if "error" in found:
        kind = getattr(errors, str(found["error"]["kind"]), RequestError)
        raise (kind if issubclass(kind, RequestError) else RequestError)(str(found["error"]["message"]))
    return found


def main() -> None:
    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    try:
        print(json.dumps(_plan(asked)))
    except AutoMLError as error:
        print(json.dumps({"error": {"kind": type(error).__name__, "message": str(error)}}))
    except MemoryError:
        message = "The data need more memory than the service gives to reading them; give less, or max_rows."
        print(json.dumps({"error": {"kind": "RequestError", "message": message}}))


def _plan(asked: dict[str, Any]) -> dict[str, Any]:
    from automl.machine import Machine
    from automl.run import plan_search
    from automl.spec import parse_spec
    from automl.store import open_store
    from automl.store.uploads import localised

    spec = parse_spec(asked["spec"])
    store = open_store(asked["store"])
    search, prepared = plan_search(
        localised(spec, store), Machine(asked["cpus"], asked["gpus"], "the cluster")
    )
    data = search.spec.data.model_copy(update={"path": spec.data.path, "unlabelled": spec.data.unlabelled})
    split = search.spec.split.model_copy(
        update={key: getattr(spec.split, key) for key in ("validation", "test")}
    )
    search = replace(search, spec=search.spec.model_copy(update={"data": data, "split": split}))
    return {"search": search.to_plain(), "notes": list(prepared.notes)}


if __name__ == "__main__":
    main()
