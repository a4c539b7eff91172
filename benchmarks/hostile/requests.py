"""Every route of a running service, asked what its OpenAPI document allows, with a token of every role and without."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks._measure import Measure
from benchmarks.hostile.specs import ROWS


def ask_all(n_examples: int, seed: int, work: Path) -> list[Measure]:
    """Asks each operation so often with each role; counts the answers that are errors of the server."""
    import httpx
    import schemathesis

    from automl.service.roles import ROLES

    begin = time.monotonic()
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    with _service(work) as (url, tokens):
        headers = {"Authorization": f"Bearer {tokens['viewer']}"}
        document = httpx.get(f"{url}/v1/openapi.json", headers=headers, timeout=60).json()
        operations = [one.ok() for one in schemathesis.openapi.from_dict(document).get_all_operations()]
        for role in (*ROLES, None):
            for operation in operations:
                shown = {} if role is None else {"Authorization": f"Bearer {tokens[role]}"}
                _ask(operation, url, shown, n_examples, seed, statuses, wrong)
    for line in wrong[:20]:
        print(line)
    print(f"{len(operations)} operations; answers by status: {dict(sorted(statuses.items()))}")
    name = f"errors of the server in {sum(statuses.values())} requests"
    return [Measure(name, len(wrong), "", 0, not wrong, seconds=time.monotonic() - begin)]


def _ask(
    operation: Any,
    url: str,
    headers: dict[str, str],
    n_examples: int,
    seed: int,
    statuses: Counter[int],
    wrong: list[str],
) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    @seeded(seed)
    @settings(
        max_examples=n_examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(base_url=url, headers=headers)
        statuses[answer.status_code] += 1
        if (
            answer.status_code >= 500 and answer.status_code != 503
        ):  # 503: the cluster is not there, and says so
            wrong.append(f"{answer.status_code} {operation.method} {operation.path}: {answer.text[:300]}")

    ask()


@contextmanager
def _service(work: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A service over a store with one finished search, and a token of each role."""
    import uvicorn

    import automl
    from automl.execution.local import LocalExecutor
    from automl.service.limits import Limits
    from automl.service.roles import ROLES
    from automl.service.serve import configuration
    from automl.service.tokens import Tokens
    from automl.store import open_store

    (work / "rows.csv").write_text(ROWS)
    spec = {
        "name": "asked",
        "data": {"path": str(work / "rows.csv"), "target": "y"},
        "families": ["mlp"],
        "budget": {"trials": 1, "epochs": 1},
        "finalists": {"top": 1, "seeds": 1},
        "resources": {"workers": 1},
    }
    automl.search(spec, store=work / "store", executor=LocalExecutor())
    store = open_store(work / "store")
    many = Limits(requests=10**6, failed_logins=10**6, open_searches=10**6)
    server = uvicorn.Server(configuration(store, "127.0.0.1", 0, limits=many))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    tokens = {role: Tokens(store).create(f"a-{role}", role, timedelta(hours=9))[0] for role in ROLES}
    yield f"http://127.0.0.1:{port}", tokens
    server.should_exit = True
    thread.join(10)
