"""The cluster as users see it: machines, what runs on them, and what waits; without Ray, and with one that is away."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from service.conftest import Running
from typer.testing import CliRunner

from automl.cli import app
from automl.commands.cluster import cluster as cluster_command
from automl.errors import UnreachableError
from automl.execution.machines import Node, this_node, to_plain
from automl.execution.ray_head import RayHead
from automl.service.queue import Need
from automl.service.serve import compute


def test_without_a_cluster_it_is_the_machine_of_the_service(running: Running) -> None:
    found = running.remote().cluster()
    assert found["problem"] is None
    (node,) = found["nodes"]
    assert node["address"] == "this machine"
    assert node["cpus"] == len(os.sched_getaffinity(0))
    assert running.search_id not in [one["search_id"] for one in found["searches"]]  # it has ended


def test_the_command_shows_what_the_service_says(
    running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUTOML_URL", running.url)
    monkeypatch.setenv("AUTOML_TOKEN", running.tokens["viewer"])
    cluster_command()
    assert "this machine" in capsys.readouterr().out
    cluster_command(as_json=True)
    assert json.loads(capsys.readouterr().out) == running.remote().cluster()


def test_the_command_shows_nodes_workers_and_what_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = [
        Node("aa", "10.0.0.1", alive=True, head=True, cpus=0.0, gpus=0.0, memory_bytes=2**33),
        Node("bb", "10.0.0.2", True, False, 8.0, 1.0, 2**34, 6.0, 0.5, {"houses-1": 2}),
        Node("cc", "10.0.0.3", False, False, 8.0, 1.0, 2**34),
    ]
    searches = [
        {"search_id": "houses-1", "state": "running", "user": "ann", "workers": 2, "waits_for": None},
        {
            "search_id": "flats-2",
            "state": "queued",
            "user": "bob",
            "workers": 0,
            "waits_for": "a free worker",
        },
    ]
    found = {"problem": None, "nodes": [to_plain(node) for node in nodes], "searches": searches}
    monkeypatch.setattr("automl.commands.cluster._here", lambda: found)
    monkeypatch.delenv("AUTOML_URL", raising=False)
    cluster_command()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["aa", "(head)", "10.0.0.1", "up", "0", "0", "8", "GiB"] in lines
    assert [
        *["bb", "10.0.0.2", "up"],
        *["6", "of", "8", "0.5", "of", "1", "16", "GiB", "2", "of", "houses-1"],
    ] in lines
    assert ["cc", "10.0.0.3", "gone", "8", "1", "16", "GiB"] in lines
    assert ["flats-2", "bob", "queued", "0", *["waits", "for", "a", "free", "worker"]] in lines
    found["problem"], found["nodes"] = "Ray does not answer.", []
    cluster_command()
    assert "Ray does not answer." in capsys.readouterr().out


def test_a_cluster_file_is_for_a_cluster(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    done = CliRunner().invoke(
        app, ["serve", "--store", str(running.store), "--cluster-file", "x.yaml", "--port", "1"]
    )
    assert done.exit_code != 0
    assert "set RAY_ADDRESS too" in str(done.exception)
    assert compute(running.store).capacity() == Need(float(len(os.sched_getaffinity(0))), 0.0)
    assert compute(running.store).jobs.nodes() == [this_node()]


def test_ray_that_is_away_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int], tmp_path: Path
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # this user's token is no affair of the test
    head = RayHead(f"http://127.0.0.1:{free_port()}")
    for ask in (head.nodes, head.resources, head.check_closed):
        with pytest.raises(
            UnreachableError, match=r"^Ray at http://127\.0\.0\.1:\d+ does not answer as it should: "
        ):
            ask()
