"""Starts the dashboard as a process of its own and waits until it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from automl.errors import AutoMLError, RequestError
from automl.remote import Remote, service_url
from dashboard.entrance import OPEN, VARIABLE, Entrance, SignIn, ticket

HOST = "127.0.0.1"
PORTS = range(8501, 8601)
START_SECONDS = 60.0
STOP_SECONDS = 15.0  # more than a service of its own takes to end
HERE = Path(__file__).parent / "web"


def launch(
    store: str,
    port: int | None = None,
    open_browser: bool = True,
    sign_in: SignIn = "link",
    host: str = HOST,
    public_url: str = "",
    demo: bool = False,
) -> int:
    """Serve the dashboard over a store until Ctrl-C; give the exit status.

    Args:
        store: a folder or URL; a relative folder is taken from here.
        port: None for the first free one from 8501 on.
        host: where to listen; elsewhere than on loopback only with `public_url`.
        public_url: the address of the proxy with TLS that stands before it, if one does.
        demo: whether the store goes when this ends, so that nothing is to be changed in it.

    Raises:
        RequestError: Streamlit is not installed, the port is taken, or the dashboard would stand open.
        AutoMLError: the server did not start.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise RequestError(
            "The dashboard needs Streamlit, which is not installed: pip install automl[dashboard]"
        )
    check_open(sign_in, host, public_url)
    port = free_port(port, host)
    entrance = Entrance(sign_in, port, secrets.token_urlsafe(32), public_url, demo)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = subprocess.Popen(command(port, host, public_url), env=environment(store, entrance))
    try:
        url = public_url.rstrip("/") or f"http://{host}:{port}"
        _wait_until_healthy(server, f"http://{HOST if host == '0.0.0.0' else host}:{port}")
        print(f"Dashboard: {_way_in(url, entrance)}  (Ctrl-C ends it)", flush=True)
        if open_browser:
            webbrowser.open(_way_in(url, entrance))
        if sign_in == "link" and sys.stdin is not None and sys.stdin.isatty():
            print("Each link lets one browser in, within 5 minutes; press Enter for another.", flush=True)
            threading.Thread(target=_more_links, args=(url, entrance), daemon=True).start()
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _end(server)
        signal.signal(signal.SIGTERM, before)


def check_open(sign_in: SignIn, host: str, public_url: str) -> None:
    """Raise `RequestError` where the dashboard would stand open, or where a way to sign in lacks what it needs."""
    parts = urlsplit(public_url)
    if public_url and (parts.scheme != "https" or not parts.netloc or parts.path.strip("/") or parts.query):
        raise RequestError(
            f"--public-url is like https://dashboard.example.org, with TLS and without a path, but got {public_url!r}."
        )
    is_open = host not in (HOST, "localhost") or bool(public_url)
    if is_open and sign_in in ("none", "link"):
        raise RequestError(
            "Others than this machine reach the dashboard only where they sign in by themselves: --sign-in token, "
            "beside a service, or --sign-in oidc. To look from another machine alone, leave --host and --public-url "
            "out and use a tunnel: ssh -L 8501:127.0.0.1:8501 HOST."
        )
    if is_open and not public_url:
        raise RequestError(
            f"The dashboard would listen at {host} for everybody, without encryption. Put a proxy with TLS before it, "
            "and say its address: --public-url https://dashboard.example.org."
        )
    url = service_url()
    if sign_in in ("token", "oidc") and url is None:
        raise RequestError(
            f"--sign-in {sign_in} asks the service who somebody is: set AUTOML_URL to its address."
        )
    if url:
        Remote(url, "a-token")  # which says what is wrong with the address
    if sign_in == "oidc":
        _check_oidc()


def command(port: int, host: str = HOST, public_url: str = "") -> list[str]:
    """The server's command line, with every option of `config.toml` as a flag.

    ``-P`` keeps the folder that the user stands in out of the places that Python imports from.
    """
    with (HERE / ".streamlit" / "config.toml").open("rb") as file:
        config: dict[str, dict[str, Any]] = tomllib.load(file)
    config["server"]["address"] = host
    if public_url:
        name = urlsplit(public_url).hostname or ""
        config["server"]["allowedHosts"] = [*config["server"]["allowedHosts"], name]
        config["server"]["corsAllowedOrigins"] = [public_url]
    options = [
        f"--{section}.{name}={part if isinstance(part, str) else json.dumps(part)}"
        for section, values in config.items()
        if section != "theme"
        for name, value in values.items()
        for part in (value if isinstance(value, list) else [value])
    ]
    streamlit = [sys.executable, "-P", "-m", "streamlit", "run", str(HERE / "serving.py")]
    return [*streamlit, f"--server.port={port}", *options]


def environment(store: str, entrance: Entrance = OPEN) -> dict[str, str]:
    """Ours, without the settings of other Streamlit programs, and with the store and how one comes in."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    location = store if "://" in store else str(Path(store).expanduser().absolute())
    if not entrance.public_url:  # no proxy: whoever claims to be one lies
        ours |= {"FORWARDED_ALLOW_IPS": ""}
    return ours | {"AUTOML_STORE": location, VARIABLE: entrance.to_environment()}


def free_port(port: int | None, host: str = HOST) -> int:
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
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    wanted = f"Port {port} is" if port is not None else f"The ports {PORTS[0]} to {PORTS[-1]} are"
    raise RequestError(f"{wanted} in use or not allowed; choose another with --port.")


def _way_in(url: str, entrance: Entrance) -> str:
    """The address to open first."""
    return f"{url}/sign-in?ticket={ticket(entrance.key)}" if entrance.sign_in == "link" else url


def _more_links(url: str, entrance: Entrance) -> None:
    for _ in sys.stdin:
        print(_way_in(url, entrance), flush=True)


def _check_oidc() -> None:
    try:
        from streamlit.auth_util import get_secrets_auth_section, is_authlib_installed
    except ImportError as error:
        raise RequestError(f"This version of Streamlit has no sign-in with OIDC: {error}.") from error
    if not is_authlib_installed():
        raise RequestError(
            "--sign-in oidc needs Authlib, which is not installed: pip install streamlit[auth]"
        )
    if not get_secrets_auth_section():
        raise RequestError(
            "--sign-in oidc needs the section [auth] in .streamlit/secrets.toml, here or in your home: redirect_uri, "
            "cookie_secret, client_id, client_secret and server_metadata_url."
        )
    if not os.environ.get("AUTOML_TOKEN"):
        raise RequestError(
            "--sign-in oidc asks the service for each user with a token of its own: set AUTOML_TOKEN to what "
            "`automl token create dashboard --role delegate` prints."
        )


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
