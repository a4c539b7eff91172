"""Starting the dashboard: its flags, its port, its end."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import dashboard
from automl.errors import RequestError
from dashboard.server import HOST, PORTS, command, environment, free_port, launch


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
        process.send_signal(sent)
        process.communicate(timeout=20)
        assert process.returncode == 0
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(f"{found[1]}/_stcore/health", timeout=5)
    finally:
        process.kill()
        process.wait()
