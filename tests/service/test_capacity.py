"""What a cluster may have: read from the file of Ray's cluster launcher, beside what is there."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import NotFoundError, RequestError
from automl.service.capacity import Capacity, most_of, most_that_may_come
from automl.service.queue import Need

ROOT = Path(__file__).parents[2]


def cluster(types: dict[str, Any], most: int | None = None, head: str = "head") -> dict[str, Any]:
    file: dict[str, Any] = {"available_node_types": types, "head_node_type": head}
    return file if most is None else file | {"max_workers": most}


GPU = {"resources": {"CPU": 8, "GPU": 1}}
CPU = {"resources": {"CPU": 32}}


@pytest.mark.parametrize(
    ("file", "cpus", "gpus"),
    [
        (cluster({"head": {"resources": {"CPU": 4}}}), 4, 0),
        (cluster({"head": {}, "gpu": GPU}), 16, 2),  # two workers, as Ray has it where nothing is said
        (cluster({"head": {}, "gpu": GPU | {"max_workers": 5}}, most=3), 24, 3),
        (cluster({"head": {}, "gpu": GPU | {"max_workers": 1}}, most=9), 8, 1),
        (cluster({"head": {"resources": {"CPU": 4}, "max_workers": 2}}, most=9), 12, 0),
        (
            cluster({"head": {}, "gpu": GPU | {"max_workers": 3}, "cpu": CPU | {"max_workers": 2}}, most=4),
            80,
            3,
        ),
        (cluster({"head": {"resources": {"CPU": 2}}, "gpu": GPU}, most=0), 2, 0),
    ],
)
def test_the_most_that_may_come(file: dict[str, Any], cpus: float, gpus: float, tmp_path: Path) -> None:
    assert most_that_may_come(file) == Need(cpus, gpus)
    for write in (json.dumps, yaml.safe_dump):
        (tmp_path / "file").write_text(write(file))
        assert most_of(tmp_path / "file") == Need(cpus, gpus)


def test_our_own_cluster_file_is_one() -> None:
    assert most_of(ROOT / "cluster.yaml").gpus >= 1


kinds = st.fixed_dictionaries(
    {"resources": st.fixed_dictionaries({"CPU": st.integers(0, 9), "GPU": st.integers(0, 4)})},
    optional={"max_workers": st.integers(0, 3)},
)


@given(st.lists(kinds, min_size=1, max_size=3), st.integers(0, 4))
def test_it_is_the_most_of_every_way_to_start_machines(given_kinds: list[dict[str, Any]], most: int) -> None:
    types = {f"kind{number}": kind for number, kind in enumerate(given_kinds)}
    found = most_that_may_come(cluster(types, most, head="kind0"))
    for resource, total in (("CPU", found.cpus), ("GPU", found.gpus)):
        limits = [kind.get("max_workers", most if number else 0) for number, kind in enumerate(given_kinds)]
        ways = itertools.product(*(range(limit + 1) for limit in limits))
        amounts = [kind["resources"][resource] for kind in given_kinds]
        best = max(
            sum(n * amount for n, amount in zip(way, amounts, strict=True))
            for way in ways
            if sum(way) <= most
        )
        assert total == amounts[0] + best


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it should hold keys and values, but is None"),
        ("[1, 2]", "it should hold keys and values, but is a list"),
        ("a: {b", "is not valid YAML"),
        ("a: !!python/object/apply:os.system [id]", "is not valid YAML"),
        ("[" * 5000, "is not valid YAML"),
        ("cluster_name: x", "available_node_types should hold keys and values, but is None"),
        ("{available_node_types: {a: {}}, head_node_type: b}", "head_node_type names none"),
        (
            "{available_node_types: {a: {}}, head_node_type: a, max_workers: -1}",
            "max_workers should be a whole number",
        ),
        ("{available_node_types: {a: {}}, head_node_type: a, max_workers: true}", "but is True"),
        (
            "{available_node_types: {a: {max_workers: 1.5}}, head_node_type: a}",
            "a.max_workers should be a whole",
        ),
        (
            "{available_node_types: {a: {resources: {GPU: many}}}, head_node_type: a}",
            "a.resources.GPU should be a num",
        ),
        (
            "{available_node_types: {a: {resources: {CPU: .inf}}}, head_node_type: a}",
            "a.resources.CPU should be",
        ),
        ("{available_node_types: {a: {resources: {CPU: -1}}}, head_node_type: a}", "but is -1"),
        (
            "{available_node_types: {a: [1]}, head_node_type: a}",
            "available_node_types.a should hold keys and values",
        ),
    ],
)
def test_what_is_no_cluster_file_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(text)
    with pytest.raises(RequestError) as refused:
        most_of(file)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 1000


def test_files_that_are_not_there_or_far_too_large_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no cluster file"):
        most_of(tmp_path / "none")
    (tmp_path / "large").write_text("#" * 2**21)
    with pytest.raises(RequestError, match="has at most 1048576 bytes"):
        most_of(tmp_path / "large")


def test_without_a_cluster_it_is_this_machine() -> None:
    assert Capacity()().cpus >= 1
