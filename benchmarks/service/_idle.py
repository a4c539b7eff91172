"""The service over a cluster that has no machine at the moment: searches are accepted, and none is begun.

``python -m benchmarks.service._idle STORE PORT``. But for that, and for the limits of a
user, it is `automl serve`.
"""

from __future__ import annotations

import sys

import uvicorn

from automl.execution.process_jobs import ProcessJobs
from automl.service.app import build
from automl.service.limits import Limits
from automl.service.queue import Need
from automl.store import open_store


def main() -> None:
    location, port = sys.argv[1:]
    limits = Limits(open_searches=100_000, requests=1_000_000)  # one user stands for many
    app = build(open_store(location), ProcessJobs(location), nothing, limits)
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")


def nothing() -> Need:
    return Need(0.0, 0.0)


if __name__ == "__main__":
    main()
