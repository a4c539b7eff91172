"""`cluster.yaml` against Ray's own reader, without any cloud."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "cluster.yaml"


@pytest.fixture(scope="module")
def as_written() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cluster(as_written: dict[str, Any]) -> dict[str, Any]:
    """The file with Ray's defaults filled in, after Ray has found it valid."""
    util = pytest.importorskip("ray.autoscaler._private.util", reason="Ray is not installed")
    prepared = util.prepare_config(copy.deepcopy(as_written))
    util.validate_config(prepared)
    return prepared


def test_ray_refuses_an_unknown_key(as_written: dict[str, Any]) -> None:
    util = pytest.importorskip("ray.autoscaler._private.util", reason="Ray is not installed")
    jsonschema = pytest.importorskip("jsonschema")
    wrong = util.prepare_config(copy.deepcopy(as_written) | {"max_wokers": 3})
    with pytest.raises(jsonschema.ValidationError, match="max_wokers"):
        util.validate_config(wrong)


def test_the_head_trains_nothing_and_workers_are_spot_from_none_up(cluster: dict[str, Any]) -> None:
    head, worker = (cluster["available_node_types"][name] for name in ("head", "gpu_worker"))
    assert head["resources"] == {"CPU": 0, "GPU": 0}
    assert worker["resources"]["GPU"] == 1
    assert worker["min_workers"] == 0 < worker["max_workers"] <= cluster["max_workers"]
    assert worker["node_config"]["InstanceMarketOptions"]["MarketType"] == "spot"
    assert "InstanceMarketOptions" not in head["node_config"]


def test_images_are_of_the_pinned_ray_and_python(cluster: dict[str, Any]) -> None:
    pinned = re.search(r"^ray==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None
    for kind in ("head_image", "worker_image"):
        assert cluster["docker"][kind].startswith(f"rayproject/ray:{pinned[1]}-py311-")


def test_every_process_asks_for_the_token(cluster: dict[str, Any]) -> None:
    assert "--env RAY_AUTH_MODE=token" in cluster["docker"]["run_options"]
    assert "/home/ray/.ray/auth_token" in cluster["file_mounts"]
    assert not any("0.0.0.0" in command for command in cluster["head_start_ray_commands"])


def test_no_node_is_left_to_the_open_security_group_that_ray_would_make(cluster: dict[str, Any]) -> None:
    for node_type in cluster["available_node_types"].values():
        assert node_type["node_config"]["SecurityGroupIds"]


def test_every_node_mounts_the_store_at_one_place(cluster: dict[str, Any]) -> None:
    assert any(
        "/mnt/automl" in command and "mount" in command for command in cluster["initialization_commands"]
    )
    assert "--volume /mnt/automl:/mnt/automl" in cluster["docker"]["run_options"]
    assert "--env AUTOML_STORE=/mnt/automl/store" in cluster["docker"]["run_options"]
