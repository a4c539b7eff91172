"""Everything that can be wrong with a request: one paragraph, the right status, and nothing half-done."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from bucket import BUCKET, s3_server
from service.conftest import Running, call, serving, waiting_spec

from automl.service.serve import configuration
from automl.service.tokens import Tokens
from automl.store import open_store
from automl.store.places import objects
from automl.store.uploads import Uploads
from benchmarks.faults.proxy import FlakyProxy

ZEROS = "0" * 64
WRONG = "automl_000000000000_" + "x" * 43


@dataclass(frozen=True)
class Bad:
    """A request, the status of its answer and a part of the paragraph; ``SEARCH`` in a path is the search there is."""

    method: str
    path: str
    status: int
    says: str
    role: str | None = "admin"
    token: str | None = None
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


def spec(**changes: Any) -> dict[str, Any]:
    data = {"path": f"upload://{ZEROS}/houses.csv", "target": "price"}
    return {"spec": {"data": data, "families": ["mlp"]} | changes}


BAD = [
    Bad("GET", "/v1/me", 401, "needs a token that is valid", None),
    Bad("GET", "/v1/me", 401, "needs a token that is valid", None, WRONG),
    Bad("GET", "/v1/me", 401, "needs a token that is valid", None, "nonsense"),
    Bad("GET", "/v1/tokens", 403, "needs the role admin, and the token of a-viewer", "viewer"),
    Bad("POST", "/v1/searches", 403, "needs the role submitter", "viewer", body=spec()),
    Bad(
        "GET", "/v2/searches", 404, "has version 1 of the API, under /v1/, and nothing at GET '/v2/searches'"
    ),
    Bad("GET", "/", 404, "has version 1 of the API"),
    Bad("GET", "/v1/nonsense", 404, "has version 1 of the API"),
    Bad("DELETE", "/v1/searches", 405, "nothing at DELETE"),
    Bad("GET", "/v1/searches/none-00000000/status", 404, "There is no search 'none-00000000'"),
    Bad("GET", "/v1/searches/none-00000000/trials", 404, "There is no search"),
    Bad("GET", "/v1/searches/none-00000000/logs", 404, "There is no search"),
    Bad("GET", "/v1/searches/SEARCH/logs/none.log", 404, "has no log"),
    Bad("GET", "/v1/searches/SEARCH/attempts/999", 404, "has begun no trial '999'"),
    Bad("GET", "/v1/searches/SEARCH/attempts/..%2f..%2fx", 404, "nothing at GET"),
    Bad("GET", "/v1/searches/SEARCH/attempts/..", 404, ""),
    Bad("GET", "/v1/searches/SEARCH/attempts/0/logs/none.log", 404, "has no log"),
    Bad("GET", "/v1/searches/SEARCH/logs/driver.log?offset=-1", 422, "offset"),
    Bad("GET", "/v1/searches/SEARCH/logs/driver.log?offset=x", 422, "offset"),
    Bad("POST", "/v1/searches/none-00000000/stop", 404, "There is no search"),
    Bad("POST", "/v1/searches/none-00000000/resume", 404, "There is no search", body={}),
    Bad(
        "POST",
        "/v1/searches/SEARCH/resume",
        422,
        "budget.trails is not a key",
        body={"budget": {"trails": 1}},
    ),
    Bad("POST", "/v1/searches/SEARCH/resume", 422, "trials", body={"budget": {"trials": 0}}),
    Bad("POST", "/v1/searches/SEARCH/resume", 422, "trials", body={"budget": {"trials": []}}),
    Bad("POST", "/v1/searches/SEARCH/resume", 422, "time", body={"budget": {"time": "+soon"}}),
    Bad("POST", "/v1/searches", 422, "is not as the API wants it", body={"spec": 3}),
    Bad("POST", "/v1/searches", 422, "more: Extra inputs", body={**spec(), "more": 1}),
    Bad("POST", "/v1/searches", 422, "seeed is not a key here; did you mean seed?", body=spec(seeed=1)),
    Bad("POST", "/v1/searches", 422, "budget.trials", body=spec(budget={"trials": -1})),
    Bad("POST", "/v1/searches", 422, "families", body=spec(families=3)),
    Bad("POST", "/v1/searches", 422, "are uploads", body=spec(data={"path": "/etc/passwd"})),
    Bad("POST", "/v1/searches", 404, "Nothing was uploaded as", body=spec()),
    Bad("POST", "/v1/searches", 404, "An upload is named", body=spec(data={"path": "upload://x/y"})),
    Bad("PUT", f"/v1/uploads/{ZEROS}/a.csv", 400, "is not what was announced: its SHA-256 is", body=b"a,b\n"),
    Bad("PUT", "/v1/uploads/zz/a.csv", 400, "64 hexadecimal digits", body=b"a,b\n"),
    Bad("HEAD", f"/v1/uploads/{ZEROS}/a.csv", 404, ""),
    Bad("GET", "/v1/searches/SEARCH/bundle?trial=999", 404, "999"),
    Bad("GET", "/v1/searches/SEARCH/bundle/none.bin", 404, "has no file"),
    Bad("DELETE", "/v1/tokens/none", 404, "There is no token 'none'"),
    Bad("POST", "/v1/tokens", 400, "A role is one of", body={"user": "x", "role": "king", "seconds": 9.0}),
    Bad("GET", "/v1/audit/today", 422, "day"),
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_what_is_wrong_is_said_in_a_paragraph_and_changes_nothing(running: Running, bad: Bad) -> None:
    before = kept(running)
    headers = {} if bad.token is None else {"Authorization": f"Bearer {bad.token}"}
    body = {"content": bad.body} if isinstance(bad.body, bytes) else {"json": bad.body}
    path = bad.path.replace("SEARCH", running.search_id)
    answer = call(
        running, bad.method, path, bad.role, headers=headers, **(body if bad.body is not None else {})
    )
    assert answer.status_code == bad.status, answer.text
    if bad.method != "HEAD":
        message = answer.json()["error"]["message"]
        assert bad.says in message
        assert "\n" not in message
        assert len(message) < 2500
        assert "Traceback" not in message
    assert kept(running) == before


def kept(running: Running) -> list[str]:
    """Everything in the store that a request could have left there, but what the audit log says of it."""
    return sorted(
        found.name for found in running.store.place.files() if not found.name.startswith("service/audit/")
    )


def connect(running: Running) -> socket.socket:
    host, port = running.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def upload_head(running: Running, digest: str, n_bytes: int) -> bytes:
    lines = [
        f"PUT /v1/uploads/{digest}/half.csv HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {running.tokens['submitter']}",
        f"Content-Length: {n_bytes}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_an_upload_that_stops_halfway_leaves_nothing(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    content = b"x" * 100_000
    digest, before = sha256(content).hexdigest(), kept(running)
    with connect(running) as broken:
        broken.sendall(upload_head(running, digest, len(content)) + content[:50_000])
    time.sleep(0.5)
    assert not Uploads(running.store).has(digest, "half.csv")
    assert kept(running) == before
    assert call(running, "GET", "/v1/health").status_code == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_body_that_lies_about_its_length_is_not_taken(running: Running) -> None:
    content = b"x" * 1000
    with connect(running) as lied:  # it says less than it sends
        lied.sendall(upload_head(running, sha256(content).hexdigest(), 500) + content)
        answer = b""
        while b"announced" not in answer and (piece := lied.recv(10_000)):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert b"is not what was announced" in answer
    assert not Uploads(running.store).has(sha256(content).hexdigest(), "half.csv")


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("POST /v1/searches", "10000000000", b"413"),
        (f"PUT /v1/uploads/{ZEROS}/a.csv", "100000000000000", b"413"),
        (f"PUT /v1/uploads/{ZEROS}/a.csv", "9" * 5000, b"4"),
        ("POST /v1/searches", "-1", b"4"),
        ("POST /v1/searches", "1e3", b"4"),
    ],
)
def test_a_body_that_is_said_to_be_huge_is_refused_unread(
    running: Running, path: str, length: str, status: bytes
) -> None:
    with connect(running) as huge:
        token = running.tokens["submitter"]
        head = (
            f"{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n"
        )
        huge.sendall(head.encode())
        assert huge.recv(200).startswith(b"HTTP/1.1 " + status)


def test_a_bundle_that_is_not_there_yet(running: Running, tmp_path: Path) -> None:
    body = {"spec": waiting_spec(running, tmp_path, "waits")}
    search_id = call(running, "POST", "/v1/searches", "submitter", json=body).json()["search_id"]
    answer = call(running, "GET", f"/v1/searches/{search_id}/bundle", "viewer")
    assert answer.status_code == 404
    assert search_id in answer.json()["error"]["message"]
    until = time.monotonic() + 30
    while True:
        status = call(running, "GET", f"/v1/searches/{search_id}/status", "viewer").json()
        assert status["state"] == "queued"
        if status["waits_for"].startswith("a worker of 1000 CPUs"):
            break
        assert time.monotonic() < until, status  # the dispatcher has not looked at it yet
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["status", "none-00000000"], 2, "There is no search 'none-00000000'"),
        (["status", "--watch"], 2, "--watch follows one search"),
        (["trials", "none-00000000"], 2, "There is no search"),
        (["logs", "none-00000000"], 2, "There is no search"),
        (["logs", "SEARCH/999"], 2, "has begun no trial '999'"),
        (["logs", "SEARCH/../x"], 2, ""),
        (["stop", "none-00000000"], 2, "There is no search"),
        (["resume", "none-00000000"], 2, "There is no search"),
        (["resume", "SEARCH", "--trials", "many"], 2, "trials"),
        (["resume", "SEARCH", "--time", "+soon"], 2, "time"),
        (["pull", "SEARCH/999", "DIR"], 2, "999"),
        (["pull", "none-00000000", "DIR"], 2, "There is no search"),
        (["leaderboard", "--dataset", "none"], 2, "No search in the store"),
        (["submit", "nonsense.yaml"], 2, "nonsense.yaml"),
    ],
)
def test_commands_end_with_their_status_and_a_paragraph(
    running: Running, tmp_path: Path, words: list[str], status: int, says: str
) -> None:
    names = {"SEARCH": running.search_id, "DIR": str(tmp_path / "model")}
    for name, value in names.items():
        words = [word.replace(name, value) for word in words]
    done = command(words, running.url, running.tokens["submitter"])
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "model").exists()


def command(words: list[str], url: str, token: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AUTOML_URL": url, "AUTOML_TOKEN": token}
    line = [sys.executable, "-m", "automl.cli", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, env=environment)


@pytest.mark.parametrize("words", [["status"], ["pull", "x-00000000", "DIR"], ["stop", "x-00000000"]])
def test_a_service_that_is_down(words: list[str], tmp_path: Path) -> None:
    words = [word.replace("DIR", str(tmp_path / "model")) for word in words]
    done = command(words, "http://127.0.0.1:9", "x")
    assert done.returncode == 3, done.stderr
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_something_else_that_answers_is_not_taken_for_the_service() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(
            {"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/html")]}
        )
        await send({"type": "http.response.body", "body": b"<html>"})

    with serving(uvicorn.Config(app, port=0, log_level="error", lifespan="off")) as url:
        done = command(["status"], url, "x")
    assert done.returncode == 2
    assert "is not the service" in done.stderr


@pytest.fixture(scope="module")
def in_bucket() -> Iterator[tuple[FlakyProxy, str, str]]:
    """A service whose store lies in a bucket, and a token for it."""
    with s3_server() as proxy:
        store = open_store(f"s3://{BUCKET}/down", create=True)
        token = Tokens(store).create("ann", "admin", timedelta(hours=1))[0]
        with serving(configuration(store, "127.0.0.1", 0)) as url:
            yield proxy, url, token


def test_a_store_that_is_down_is_said_so(
    in_bucket: tuple[FlakyProxy, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, url, token = in_bucket
    monkeypatch.setattr(objects, "PATIENCE_SECONDS", 0.5)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/v1/me", headers=headers, timeout=60).status_code == 200
    proxy.set("refuse")
    try:
        for path in ("me", "searches", "searches/x-00000000/status", "tokens"):
            answer = httpx.get(f"{url}/v1/{path}", headers=headers, timeout=60)
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert "The object store did not answer" in answer.json()["error"]["message"]
        done = command(["status"], url, token)
        assert done.returncode == 3
        assert "The object store did not answer" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        proxy.set("pass")
    assert httpx.get(f"{url}/v1/me", headers=headers, timeout=60).status_code == 200
