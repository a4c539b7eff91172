"""Starts the service, and refuses to where it would stand open."""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from automl.errors import RequestError, UnreachableError
from automl.execution.jobs import Jobs
from automl.execution.process_jobs import ProcessJobs
from automl.service.alone import alone
from automl.service.app import build
from automl.service.capacity import Capacity, most_of
from automl.service.limits import Limits
from automl.service.queue import Need
from automl.store import Store

PROBE_SECONDS = 20.0


def check_open(host: str, certificate: Path | None, key: Path | None, behind_proxy: bool) -> None:
    """Raise `RequestError` where tokens would go over a network for everybody to read."""
    if (certificate is None) != (key is None):
        raise RequestError("TLS takes both --tls-certificate and --tls-key, but got one of them.")
    for file in (certificate, key):
        if file is not None and not file.is_file():
            raise RequestError(f"There is no file {file}.")
    if certificate is None and not behind_proxy and not _is_loopback(host):
        raise RequestError(
            f"The service would listen at {host} for everybody, without encryption. Give --tls-certificate and "
            "--tls-key; or --behind-proxy where a proxy before it has TLS; or leave --host out and use a tunnel."
        )


@dataclass(frozen=True)
class Compute:
    """Where the drivers of searches run, and what their workers share."""

    jobs: Jobs
    capacity: Callable[[], Need]


def compute(store: Store, cluster_file: Path | None = None) -> Compute:
    """The cluster at ``RAY_ADDRESS``, else this machine.

    Args:
        cluster_file: of Ray's cluster launcher: what may be there once machines are started for what waits.

    Raises:
        UnreachableError: the cluster does not answer.
        RequestError: the cluster stands open, Ray's token is no secret, or the file is none.
    """
    address = os.environ.get("RAY_ADDRESS")
    if not address:
        if cluster_file is not None:
            raise RequestError(
                "--cluster-file says what a cluster may have: set RAY_ADDRESS too (auto, on its head)."
            )
        return Compute(ProcessJobs(str(store)), Capacity())
    coming = None if cluster_file is None else most_of(cluster_file)
    from automl.execution.ray_head import RayHead
    from automl.execution.ray_jobs import RayJobs

    head = RayHead(address)
    head.check_closed()
    return Compute(RayJobs(str(store), head), Capacity(head, coming))


def configuration(
    store: Store,
    host: str,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    limits: Limits | None = None,
    allow_code: bool = False,
    on: Compute | None = None,
) -> uvicorn.Config:
    """How the service is served; its searches run on this machine where nothing else is named."""
    on = on or Compute(ProcessJobs(str(store)), Capacity())
    return uvicorn.Config(
        build(store, on.jobs, on.capacity, limits, allow_code),
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        access_log=False,  # it would name users' queries; what counts is in the audit log
        server_header=False,
        log_level="warning",
        timeout_keep_alive=10,
        limit_concurrency=512,
        h11_max_incomplete_event_size=2**16,
    )


def serve(
    store: Store,
    host: str,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    limits: Limits | None = None,
    allow_code: bool = False,
    cluster_file: Path | None = None,
) -> None:
    """Serves until it is interrupted.

    Raises:
        UnreachableError: the port is taken, the cluster does not answer, or a request without a token got through.
        RequestError: the cluster stands open to whoever reaches it, or another service runs over the store.
    """
    on = compute(store, cluster_file)
    with alone(store, _url(host, port, certificate is not None)):
        _serve(store, host, port, certificate, key, limits, allow_code, on)


def _serve(
    store: Store,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    limits: Limits | None,
    allow_code: bool,
    on: Compute,
) -> None:
    config = configuration(store, host, port, certificate, key, limits, allow_code, on)
    server = uvicorn.Server(config)
    refused: list[str] = []
    threading.Thread(
        target=_probe, args=(server, host, port, certificate is not None, refused), daemon=True
    ).start()
    try:
        server.run()
    except SystemExit as error:  # how uvicorn says that it could not start
        raise UnreachableError(f"The service could not start at {host}:{port}: is the port taken?") from error
    if refused:
        raise UnreachableError(refused[0])


def _probe(server: uvicorn.Server, host: str, port: int, encrypted: bool, refused: list[str]) -> None:
    """Ends a service that answers somebody without a token."""
    until = time.monotonic() + PROBE_SECONDS
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    url = f"{_url(host, port, encrypted)}/v1/me"
    try:
        status = httpx.get(url, verify=False, timeout=10).status_code  # it is this process
    except httpx.TransportError as error:
        status, url = 0, f"{url} ({error})"
    if status != 401:
        refused.append(
            f"A request without a token should have been refused with 401 at {url}, but got {status}."
        )
        server.should_exit = True


def _url(host: str, port: int, encrypted: bool) -> str:
    """Where this machine reaches the service."""
    where = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return f"{'https' if encrypted else 'http'}://{where}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
