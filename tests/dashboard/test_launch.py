"""Starting the dashboard: its flags, its port, its end."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

import dashboard
from automl.cli import app
from automl.errors import RequestError
from dashboard.entrance import VARIABLE, Entrance
from dashboard.server import HOST, PORTS, check_open, command, environment, free_port, launch

OUT = "https://dash.example.org"


def test_every_option_of_the_file_becomes_a_flag() -> None:
    flags = command(8601)
    assert flags[1:3] == ["-P", "-m"]
    for flag in (
        "--server.port=8601",
        "--server.address=127.0.0.1",
        "--server.allowedHosts=localhost",
        "--client.showErrorDetails=none",
        "--browser.gatherUsageStats=false",
        "--server.enableStaticServing=false",
    ):
        assert flag in flags


def test_a_proxy_before_it_is_named_and_nobody_else() -> None:
    flags = command(8601, "0.0.0.0", OUT)
    assert "--server.address=0.0.0.0" in flags
    assert [flag for flag in flags if "allowedHosts" in flag] == [
        f"--server.allowedHosts={name}" for name in ("127.0.0.1", "localhost", "dash.example.org")
    ]
    assert f"--server.corsAllowedOrigins={OUT}" in flags
    assert not [flag for flag in command(8601) if "corsAllowedOrigins" in flag]
    assert environment("s", Entrance("token", public_url=OUT)).get("FORWARDED_ALLOW_IPS") is None
    assert environment("s")["FORWARDED_ALLOW_IPS"] == ""
    assert json.loads(environment("s")[VARIABLE])["sign_in"] == "none"


@pytest.mark.parametrize(
    ("sign_in", "host", "public_url", "message"),
    [
        (
            "none",
            "0.0.0.0",
            "",
            "Others than this machine reach the dashboard only where they sign in by themselves",
        ),
        (
            "link",
            "0.0.0.0",
            OUT,
            "Others than this machine reach the dashboard only where they sign in by themselves",
        ),
        (
            "none",
            HOST,
            OUT,
            "Others than this machine reach the dashboard only where they sign in by themselves",
        ),
        ("token", "0.0.0.0", "", "The dashboard would listen at 0.0.0.0 for everybody, without encryption."),
        (
            "token",
            HOST,
            "http://dash.example.org",
            "--public-url is like https://dashboard.example.org, with TLS",
        ),
        ("token", HOST, "https://dash.example.org/path", "and without a path, but got"),
        (
            "token",
            HOST,
            "",
            "--sign-in token asks the service who somebody is: set AUTOML_URL to its address.",
        ),
        ("oidc", HOST, "", "--sign-in oidc asks the service who somebody is: set AUTOML_URL to its address."),
    ],
)
def test_it_does_not_start_where_it_would_stand_open(
    monkeypatch: pytest.MonkeyPatch, sign_in: Any, host: str, public_url: str, message: str
) -> None:
    monkeypatch.delenv("AUTOML_URL", raising=False)
    with pytest.raises(RequestError, match=re.escape(message)):
        check_open(sign_in, host, public_url)


def test_a_team_needs_a_service_that_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_URL", "http://head:8700")
    with pytest.raises(RequestError, match="is not encrypted, and everybody on the way could read the token"):
        check_open("token", HOST, "")
    monkeypatch.setenv("AUTOML_URL", "https://head:8700")
    check_open("token", HOST, "")
    check_open("token", "0.0.0.0", OUT)
    check_open("link", HOST, "")
    check_open("none", "localhost", "")


def test_oidc_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit import auth_util

    monkeypatch.setenv("AUTOML_URL", "https://head:8700")
    monkeypatch.delenv("AUTOML_TOKEN", raising=False)
    for name, found, message in (
        ("is_authlib_installed", False, "needs Authlib, which is not installed: pip install streamlit[auth]"),
        ("get_secrets_auth_section", {}, "needs the section [auth] in .streamlit/secrets.toml"),
        (
            "get_secrets_auth_section",
            {"client_id": "x"},
            "`automl token create dashboard --role delegate` prints.",
        ),
    ):
        monkeypatch.setattr(auth_util, name, lambda found=found: found)
        with pytest.raises(RequestError, match=re.escape(message)):
            check_open("oidc", HOST, "")
        monkeypatch.setattr(auth_util, "is_authlib_installed", lambda: True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sign-in", "none"], "--sign-in knows no 'none': known are: link, oidc, token."),
        (["--sign-in", "tokens"], "--sign-in knows no 'tokens': did you mean token?"),
        (["--demo", "--store", "x"], "--demo brings a store of its own: leave --store out."),
        (["--no-sign-in", "--host", "0.0.0.0"], "Others than this machine reach the dashboard only where"),
    ],
)
def test_options_that_do_not_fit_are_refused(words: list[str], message: str, tmp_path: Path) -> None:
    store = [] if "--store" in words else ["--store", str(tmp_path)]
    result = CliRunner().invoke(app, ["dashboard", *words, *store])
    assert isinstance(result.exception, RequestError)
    assert message in str(result.exception)


def test_settings_of_other_programs_are_not_passed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    monkeypatch.chdir(tmp_path)
    assert not [name for name in environment("s") if name.startswith("STREAMLIT_")]
    assert environment("s")["AUTOML_STORE"] == str(tmp_path / "s")
    assert environment("file:///data")["AUTOML_STORE"] == "file:///data"


def test_a_busy_port_is_refused_and_the_next_is_found() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            RequestError, match=f"Port {port} is in use or not allowed; choose another with --port."
        ):
            free_port(port)
    assert free_port(None) in PORTS
    with pytest.raises(RequestError, match=r"from 1 to 65535, but got 70000\."):
        free_port(70000)


def test_without_streamlit_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(RequestError, match=re.escape("pip install automl[dashboard]")):
        launch("store")
    assert dashboard.launch is launch  # the function, not a module


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_cleanly(tmp_path: Path, sent: signal.Signals) -> None:
    pytest.importorskip("streamlit", reason="Streamlit is not installed")
    program = f"import sys, dashboard; sys.exit(dashboard.launch({str(tmp_path)!r}, open_browser=False))"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.match(r"Dashboard: (http://127\.0\.0\.1:\d+)", line)
        assert found is not None, line
        with urllib.request.urlopen(f"{found[1]}/_stcore/health", timeout=10) as answer:
            assert answer.status == 200
        assert httpx.get(found[1], headers={"Accept": "text/html"}).headers["location"] == "/sign-in"
        assert httpx.get(f"{found[1]}/download/a/1.zip").status_code == 401
        link = re.search(r"(http\S+/sign-in\?ticket=\S+)", line)
        assert link is not None, line
        cookies = dict(httpx.get(link[1]).cookies)
        page = httpx.get(found[1], headers={"Accept": "text/html"}, cookies=cookies)
        assert '<div id="root">' in page.text
        assert httpx.get(f"{found[1]}/download/a/1.zip", cookies=cookies).status_code == 404
        process.send_signal(sent)
        process.communicate(timeout=20)
        assert process.returncode == 0
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(f"{found[1]}/_stcore/health", timeout=5)
    finally:
        process.kill()
        process.wait()
