"""A client and a service of different versions: each is told what to install, and neither falls over the other."""

from __future__ import annotations

import sys
from typing import Any

import httpx
import polars as pl
import pytest
import uvicorn
from service.conftest import Running, call, serving

from automl import cli
from automl.errors import RequestError
from automl.remote import Remote
from automl.service import app
from automl.service.routes.searches import as_parquet
from automl.service.wire import API_VERSION, UNKNOWN_ROUTE, VERSION, own_version


def test_each_says_its_version(running: Running) -> None:
    answer = call(running, "GET", "/v1/me", "viewer")
    assert (answer.headers[VERSION], answer.headers[API_VERSION]) == (own_version(), "1")
    assert call(running, "GET", "/v1/nothing").headers[VERSION] == own_version()
    assert running.remote()._headers()[VERSION] == own_version()


def test_a_client_that_is_too_old_is_told_what_to_install(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "OLDEST_CLIENT", "7.2.0")
    with pytest.raises(RequestError, match=r"answers clients from automl 7\.2\.0 on.* pip install --upgrade"):
        running.remote().searches()
    for version, status in (("7.1.9", 426), ("7.2.0", 200), ("8.0", 200), ("", 200), ("nonsense", 200)):
        assert call(running, "GET", "/v1/me", "viewer", headers={VERSION: version}).status_code == status


def test_a_client_is_told_where_the_service_is_older(running: Running) -> None:
    class Newer(Remote):
        def novelties(self) -> None:
            self._get("novelties", {})

    with pytest.raises(
        RequestError, match=f"is automl {own_version()} and does not know this request of automl"
    ):
        Newer(running.url, running.tokens["viewer"]).novelties()


def test_a_service_that_no_longer_has_this_api(monkeypatch: pytest.MonkeyPatch) -> None:
    async def newer(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (VERSION.lower().encode(), b"9.0.0")]
        body = b'{"error": {"kind": "%s", "message": "There is no v1."}}' % UNKNOWN_ROUTE.encode()
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    with serving(uvicorn.Config(newer, port=0, log_level="error", lifespan="off")) as url:
        with pytest.raises(RequestError, match=r"is automl 9\.0\.0 .* Upgrade automl on this machine"):
            Remote(url, "x").searches()
        monkeypatch.setenv("AUTOML_URL", url)


def test_columns_that_this_version_does_not_know_are_no_trouble(
    running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A newer service has columns more, an older one columns less; commands show what there is."""
    there = running.remote().searches()
    more = there.with_columns(pl.lit("new").alias("a_new_column"), pl.lit(1).alias("another"))
    less = there.drop("n_refits", "message")
    for frame in (more, less):
        content = bytes(as_parquet(frame).body)

        async def answers(_scope: Any, _receive: Any, send: Any, content: bytes = content) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": content})

        with serving(uvicorn.Config(answers, port=0, log_level="error", lifespan="off")) as url:
            assert httpx.get(f"{url}/v1/searches").status_code == 200
            monkeypatch.setenv("AUTOML_URL", url)
            monkeypatch.setenv("AUTOML_TOKEN", "x")
            monkeypatch.setattr(sys, "argv", ["automl", "status"])
            with pytest.raises(SystemExit) as done:
                cli.main()
            assert (done.value.code or 0) == 0
            assert running.search_id in capsys.readouterr().out
