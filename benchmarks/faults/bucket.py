"""A real S3 server on loopback, behind a proxy that drops, delays and cuts."""

from __future__ import annotations

import importlib.util
import logging
import os
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.fault import Scene
from benchmarks.faults.processes import wait_until_gone
from benchmarks.faults.proxy import FlakyProxy

BUCKET = "bucket"


@contextmanager
def s3_server(delay: float = 0.5) -> Iterator[FlakyProxy]:
    """A server with an empty bucket behind a proxy; the environment leads every library to it.

    Args:
        delay: seconds for which the proxy holds back each piece when it is slow.
    """
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    direct = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{direct}/{BUCKET}", method="PUT"), timeout=10).close()
    proxy = FlakyProxy((host, port), delay)
    changes = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": proxy.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield proxy
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        proxy.close()
        server.stop()


@contextmanager
def store_in_bucket(scene: Scene, delay: float = 0.5) -> Iterator[FlakyProxy]:
    """The store of the bench lies in a bucket; nothing goes wrong there until the proxy is told."""
    with s3_server(delay) as proxy:
        scene.bench.store_url = f"s3://{BUCKET}/{secrets.token_hex(4)}"
        try:
            yield proxy
        finally:
            proxy.set("pass")
            wait_until_gone(scene.bench.folder)  # nobody is left who would want the server


def no_server() -> str | None:
    """Why there can be no S3 server here; None where there can."""
    if importlib.util.find_spec("moto") is None:
        return "moto, whose server speaks S3, is not installed: pip install -c constraints.txt 'moto[server]'"
    return None
