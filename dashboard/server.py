"""Starts the dashboard as a process of its own and waits until it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any

from automl.errors import AutoMLError, RequestError

HOST = "127.0.0.1"
PORTS = range(8501, 8601)
START_SECONDS = 60.0
STOP_SECONDS = 5.0
HERE = Path(__file__).parent / "web"


def launch(store: str, port: int | None = None, open_browser: bool = True) -> int:
    """Serve the dashboard over a store until Ctrl-C; give the exit status.

    Args:
        store: a folder or URL; a relative folder is taken from here.
        port: None for the first free one from 8501 on.

    Raises:
        RequestError: Streamlit is not installed, or the port is taken.
        AutoMLError: the server did not start.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise RequestError(
            "The dashboard needs Streamlit, which is not installed: pip install automl[dashboard]"
        )
    port = free_port(port)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = subprocess.Popen(command(port), env=environment(store))
    try:
        url = f"http://{HOST}:{port}"
        _wait_until_healthy(server, url)
        print(f"Dashboard: {url}  (Ctrl-C ends it)", flush=True)
        if open_browser:
            webbrowser.open(url)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _end(server)
        signal.signal(signal.SIGTERM, before)


def command(port: int) -> list[str]:
    """The server's command line, with every option of `config.toml` as a flag.

    ``-P`` keeps the folder that the user stands in out of the places that Python imports from.
    """
    with (HERE / ".streamlit" / "config.toml").open("rb") as file:
        config: dict[str, dict[str, Any]] = tomllib.load(file)
    options = [
        f"--{section}.{name}={part if isinstance(part, str) else json.dumps(part)}"
        for section, values in config.items()
        if section != "theme"
        for name, value in values.items()
        for part in (value if isinstance(value, list) else [value])
    ]
    streamlit = [sys.executable, "-P", "-m", "streamlit", "run", str(HERE / "app.py")]
    return [*streamlit, f"--server.port={port}", *options]


def environment(store: str) -> dict[str, str]:
    """Ours, without the settings of other Streamlit programs, and with the store."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    location = store if "://" in store else str(Path(store).expanduser().absolute())
    return ours | {"AUTOML_STORE": location}


def free_port(port: int | None) -> int:
    """This port, or the first free one.

    Raises:
        RequestError: it is taken, or is no port.
    """
    if port is not None and not 1 <= port <= 65535:
        raise RequestError(f"A port is a number from 1 to 65535, but got {port}.")
    for candidate in PORTS if port is None else [port]:
        with socket.socket() as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return candidate
    wanted = f"Port {port} is" if port is not None else f"The ports {PORTS[0]} to {PORTS[-1]} are"
    raise RequestError(f"{wanted} in use or not allowed; choose another with --port.")


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str) -> None:
    """Return once the server answers.

    Raises:
        AutoMLError: it ended, or took a minute.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise AutoMLError(f"The dashboard's server ended with status {server.returncode} as it started.")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AutoMLError(f"The dashboard's server did not answer at {url} within {START_SECONDS:.0f} seconds.")


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
