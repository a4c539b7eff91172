"""A real S3 server on loopback, for tests of what lies in a bucket."""

from __future__ import annotations

import logging
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.proxy import FlakyProxy

BUCKET = "bucket"


@contextmanager
def s3_server() -> Iterator[FlakyProxy]:
    """A server with an empty bucket behind a proxy; the environment leads every library to it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    direct = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{direct}/{BUCKET}", method="PUT"), timeout=10).close()
    proxy = FlakyProxy((host, port))
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
