"""Starts the service, and refuses to where it would stand open."""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from pathlib import Path

import httpx
import uvicorn

from automl.errors import RequestError, UnreachableError
from automl.execution.jobs import ProcessJobs
from automl.service.app import build
from automl.service.queue import Need
from automl.store import Store

PROBE_SECONDS = 20.0
CAPACITY_SECONDS = 30.0  # between two questions to a cluster, whose machines come and go


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


class Capacity:
    """What the searches share: the cluster at ``RAY_ADDRESS``, asked every now and then; else this machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Need | None = None
        self._asked = 0.0

    def __call__(self) -> Need:
        address = os.environ.get("RAY_ADDRESS")
        if address is None:
            return Need(float(len(os.sched_getaffinity(0))), 0.0)
        with self._lock:
            if self._known is None or time.monotonic() - self._asked > CAPACITY_SECONDS:
                from automl.execution import machine_at

                machine = machine_at(address)
                self._known = Need(float(machine.n_cpus), float(machine.n_gpus))
                self._asked = time.monotonic()
            return self._known


def configuration(
    store: Store, host: str, port: int, certificate: Path | None = None, key: Path | None = None
) -> uvicorn.Config:
    """How the service is served."""
    return uvicorn.Config(
        build(store, ProcessJobs(str(store)), Capacity()),
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
    store: Store, host: str, port: int, certificate: Path | None = None, key: Path | None = None
) -> None:
    """Serves until it is interrupted.

    Raises:
        UnreachableError: the port is taken, or a request without a token got through.
    """
    config = configuration(store, host, port, certificate, key)
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
    where = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    url = f"{'https' if encrypted else 'http'}://{where}:{port}/v1/me"
    try:
        status = httpx.get(url, verify=False, timeout=10).status_code  # it is this process
    except httpx.TransportError as error:
        status, url = 0, f"{url} ({error})"
    if status != 401:
        refused.append(
            f"A request without a token should have been refused with 401 at {url}, but got {status}."
        )
        server.should_exit = True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
