"""The files that start clusters, and the page about them, against those who will read them: without any cloud."""

from __future__ import annotations

import copy
import gzip
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import dashboard.server
from automl.cli import app
from automl.service.capacity import most_that_may_come
from automl.service.queue import Need

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "docs" / "recipes"
FIXTURES = Path(__file__).parent / "fixtures"
PAGE = ROOT / "docs" / "cluster.md"
CLUSTERS = {"aws": ROOT / "cluster.yaml", "gcp": RECIPES / "cluster-gcp.yaml"}
COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(params=CLUSTERS)
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def cluster(provider: str) -> dict[str, Any]:
    """The file with Ray's defaults filled in, after Ray has found it valid."""
    util = pytest.importorskip("ray.autoscaler._private.util", reason="Ray is not installed")
    prepared = util.prepare_config(read(CLUSTERS[provider]))
    util.validate_config(prepared)
    return prepared


@pytest.fixture(scope="module")
def kubernetes() -> dict[str, dict[str, Any]]:
    """The documents of the manifest by kind."""
    documents = yaml.safe_load_all((RECIPES / "kuberay.yaml").read_text(encoding="utf-8"))
    return {document["kind"]: document for document in documents}


# What the launchers make of them


@pytest.mark.parametrize("provider", CLUSTERS)
def test_ray_refuses_an_unknown_key(provider: str) -> None:
    util = pytest.importorskip("ray.autoscaler._private.util", reason="Ray is not installed")
    jsonschema = pytest.importorskip("jsonschema")
    wrong = util.prepare_config(read(CLUSTERS[provider]) | {"max_wokers": 3})
    with pytest.raises(jsonschema.ValidationError, match="max_wokers"):
        util.validate_config(wrong)


def test_the_head_trains_nothing_and_workers_are_spot_from_none_up(cluster: dict[str, Any]) -> None:
    head, worker = (cluster["available_node_types"][name] for name in ("head", "gpu_worker"))
    assert head["resources"] == {"CPU": 0, "GPU": 0}
    assert worker["resources"] == {"CPU": 8, "GPU": 1}
    assert worker["min_workers"] == 0 < worker["max_workers"] <= cluster["max_workers"]
    assert head["max_workers"] == 0
    assert most_that_may_come(cluster) == Need(cpus=64.0, gpus=8.0), "what the queue reckons with"
    assert is_spot(worker["node_config"])
    assert not is_spot(head["node_config"])


def is_spot(node: dict[str, Any]) -> bool:
    aws = node.get("InstanceMarketOptions", {}).get("MarketType") == "spot"
    return aws or node.get("scheduling", {}).get("provisioningModel") == "SPOT"


def test_every_machine_on_aws_is_what_ec2_can_start() -> None:
    for name, node_type in read(CLUSTERS["aws"])["available_node_types"].items():
        assert wrong_in_aws(node_type["node_config"]) == [], name


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("InstanceMarketOption",), {"MarketType": "spot"}, "InstanceMarketOption"),
        (("InstanceMarketOptions", "MarketTyp"), "spot", "MarketTyp"),
        (("InstanceMarketOptions", "MarketType"), "spott", "spott"),
        (("BlockDeviceMappings", 0, "Ebs", "VolumeSizes"), 3, "VolumeSizes"),
        (("BlockDeviceMappings", 0, "Ebs", "VolumeSize"), "200", "VolumeSize"),
        (("SecurityGroupIds",), "sg-1", "SecurityGroupIds"),
    ],
)
def test_a_misspelt_key_or_value_for_aws_is_found(path: tuple[Any, ...], value: Any, named: str) -> None:
    node = copy.deepcopy(read(CLUSTERS["aws"])["available_node_types"]["gpu_worker"]["node_config"])
    put(node, path, value)
    assert any(named in problem for problem in wrong_in_aws(node))


def test_every_machine_on_gcp_is_what_compute_can_start() -> None:
    for name, node_type in read(CLUSTERS["gcp"])["available_node_types"].items():
        assert wrong_in_gcp(node_type["node_config"]) == [], name


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("machinetype",), "g2-standard-8", "machinetype"),
        (("scheduling",), [{"preemptible": True}], "preemptible"),
        (("scheduling", "provisioningModel"), "SPOTT", "SPOTT"),
        (("scheduling", "automaticRestart"), "false", "boolean"),
        (("disks", 0, "initializeParams", "diskSizeGB"), 200, "diskSizeGB"),
        (("tags",), ["automl-head"], "automl-head"),
    ],
)
def test_a_misspelt_key_or_value_for_gcp_is_found(path: tuple[Any, ...], value: Any, named: str) -> None:
    node = copy.deepcopy(read(CLUSTERS["gcp"])["available_node_types"]["gpu_worker"]["node_config"])
    put(node, path, value)
    assert any(named in problem for problem in wrong_in_gcp(node))


def wrong_in_aws(node_config: dict[str, Any]) -> list[str]:
    """What is wrong with it as the input of EC2's RunInstances."""
    session = pytest.importorskip("botocore.session")
    validate = pytest.importorskip("botocore.validate")
    model = session.get_session().get_service_model("ec2").operation_model("RunInstances")
    asked = {**node_config, "MinCount": 1, "MaxCount": 1}
    report = validate.ParamValidator().validate(asked, model.input_shape)
    if report.has_errors():
        return report.generate_report().splitlines()
    return list(wrong_choices(asked, model.input_shape))


def wrong_choices(value: Any, shape: Any) -> Iterator[str]:
    """Values that are none of those that a shape of botocore's names; botocore leaves that to AWS."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from wrong_choices(member, shape.members[name])
    elif shape.type_name == "list":
        for member in value:
            yield from wrong_choices(member, shape.member)
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{value} is no {shape.name}"


def wrong_in_gcp(node_config: dict[str, Any]) -> list[str]:
    """What is wrong with it as the body of Compute Engine's instances.insert."""
    schema = json.loads((FIXTURES / "compute_v1_instance.json").read_text(encoding="utf-8"))
    return wrong(node_config, schema)


def put(node: Any, path: tuple[Any, ...], value: Any) -> None:
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value


def wrong(document: Any, schema: dict[str, Any]) -> list[str]:
    """What a schema says against a document; keys that it does not name are wrong too."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft7Validator(closed(schema))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def closed(schema: Any) -> Any:
    """A schema that refuses the keys that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tight = {key: closed(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        tight.setdefault("additionalProperties", False)
    return tight


# Kubernetes


def ray_cluster_schema() -> dict[str, Any]:
    return json.loads(gzip.decompress((FIXTURES / "ray.io_rayclusters.json.gz").read_bytes()))


def test_the_manifest_is_a_ray_cluster_as_kuberay_publishes_it(kubernetes: dict[str, Any]) -> None:
    assert wrong(kubernetes["RayCluster"], ray_cluster_schema()) == []
    assert set(kubernetes) == {"RayCluster", "ConfigMap", "ServiceAccount", "Service", "NetworkPolicy"}


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("authOption",), {"mode": "token"}, "authOption"),
        (("authOptions", "mode"), "tokens", "tokens"),
        (("workerGroupSpecs", 0, "minReplica"), 0, "minReplica"),
        (("workerGroupSpecs", 0, "template", "spec", "toleration"), [], "toleration"),
        (("headGroupSpec", "rayStartParams", "num-cpus"), 0, "string"),
    ],
)
def test_a_misspelt_key_or_value_for_kuberay_is_found(
    kubernetes: dict[str, Any], path: tuple[Any, ...], value: Any, named: str
) -> None:
    document = copy.deepcopy(kubernetes["RayCluster"])
    put(document["spec"], path, value)
    assert any(named in problem for problem in wrong(document, ray_cluster_schema()))


def test_the_other_documents_are_of_the_shapes_that_kuberay_takes_for_its_own(
    kubernetes: dict[str, Any],
) -> None:
    spec = ray_cluster_schema()["properties"]["spec"]["properties"]
    service = spec["headGroupSpec"]["properties"]["headService"]["properties"]["spec"]
    rules = spec["networkPolicy"]["properties"]["head"]["properties"]["ingressRules"]
    assert wrong(kubernetes["Service"]["spec"], service) == []
    assert wrong(kubernetes["NetworkPolicy"]["spec"]["ingress"], rules) == []


def test_on_kubernetes_workers_come_from_none_up_and_the_head_trains_nothing(
    kubernetes: dict[str, Any],
) -> None:
    spec = kubernetes["RayCluster"]["spec"]
    (workers,) = spec["workerGroupSpecs"]
    assert spec["enableInTreeAutoscaling"] is True
    assert (workers["minReplicas"], workers["replicas"]) == (0, 0)
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    limits = workers["template"]["spec"]["containers"][0]["resources"]["limits"]
    may_come = most_that_may_come(yaml.safe_load(kubernetes["ConfigMap"]["data"]["cluster.yaml"]))
    n_workers = workers["maxReplicas"]
    assert may_come == Need(n_workers * float(limits["cpu"]), n_workers * float(limits["nvidia.com/gpu"]))


def test_secrets_of_the_manifest_are_names(kubernetes: dict[str, Any]) -> None:
    spec = kubernetes["RayCluster"]["spec"]
    assert spec["authOptions"] == {"mode": "token", "secretName": "automl-ray-token"}
    assert spec["headGroupSpec"]["template"]["spec"]["volumes"][0]["secret"] == {"secretName": "automl-tls"}
    assert "Secret" not in kubernetes


# Versions


def test_versions_are_those_of_the_constraints(kubernetes: dict[str, Any]) -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    ray = re.search(r"^ray==(.+)$", constraints, re.MULTILINE)
    python = re.search(r"^# +python3\.(\d+) -m venv", constraints, re.MULTILINE)
    assert ray is not None
    assert python is not None
    image = f"rayproject/ray:{ray[1]}-py3{python[1]}-"
    for path in CLUSTERS.values():
        docker = read(path)["docker"]
        assert docker["head_image"] == image + "cpu"
        assert docker["worker_image"] == image + "gpu"
    assert f"FROM {image}gpu\n" in (RECIPES / "Dockerfile").read_text(encoding="utf-8")
    assert kubernetes["RayCluster"]["spec"]["rayVersion"] == ray[1]
    for path in (*CLUSTERS.values(), RECIPES / "Dockerfile"):
        for command in re.findall(r"pip install.*", path.read_text(encoding="utf-8")):
            assert "constraint" in command, command


@pytest.mark.parametrize(
    "path", [*CLUSTERS.values(), RECIPES / "kuberay.yaml", RECIPES / "slurm.sh"], ids=str
)
def test_the_monitor_of_ray_that_ends_several_workers_at_once_is_off(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r'RAY_memory_monitor_refresh_ms(=0|, value: "0")', text)


# What they let in


def test_on_every_machine_of_a_cloud_a_process_shows_the_token(cluster: dict[str, Any]) -> None:
    options = cluster["docker"]["run_options"]
    assert "--env RAY_AUTH_MODE=token" in options
    (path,) = (option.partition("=")[2] for option in options if "RAY_AUTH_TOKEN_PATH" in option)
    assert str(Path(path).parent) in cluster["file_mounts"]


def test_no_machine_of_a_cloud_is_left_to_the_open_network_that_ray_would_make(
    cluster: dict[str, Any], provider: str
) -> None:
    for name, node_type in cluster["available_node_types"].items():
        node = node_type["node_config"]
        if provider == "aws":
            groups = node["SecurityGroupIds"]
            assert len(groups) == (2 if name == "head" else 1), "the service's group is the head's alone"
        else:
            assert all("subnetwork" in interface for interface in node["networkInterfaces"])
            assert ("tags" in node) == (name == "head"), "the firewall opens the service's port to this tag"


def starts() -> list[tuple[str, list[str]]]:
    """Every command that starts something on a head, with the file that it is in."""
    found = [
        (path.name, shlex.split(command))
        for path in CLUSTERS.values()
        for command in read(path)["head_start_ray_commands"]
    ]
    documents = yaml.safe_load_all((RECIPES / "kuberay.yaml").read_text(encoding="utf-8"))
    (manifest,) = (document for document in documents if document["kind"] == "RayCluster")
    (head,) = manifest["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    return [*found, *(("kuberay.yaml", shlex.split(part)) for part in " ".join(head["args"]).split("&&"))]


def test_the_service_alone_listens_to_others_and_has_tls() -> None:
    services = [(name, words) for name, words in starts() if "serve" in words]
    assert len(services) == 3
    for name, words in services:
        options = dict(pairwise(words))
        assert (options["--host"], options["--port"]) == ("0.0.0.0", "8700"), name
        assert options["--tls-certificate"].endswith("/tls.crt"), name
        assert options["--tls-key"].endswith("/tls.key"), name
        assert "RAY_ADDRESS=auto" in words, name
    for name, words in starts():
        if "serve" not in words:
            assert not any("0.0.0.0" in word for word in words), name
        if "ray" in words and "start" in words:
            assert "--dashboard-host=127.0.0.1" in words, name
    assert dashboard.server.HOST == "127.0.0.1"
    assert all("--host" not in words for _, words in starts() if "dashboard" in words)


def test_on_kubernetes_only_the_service_is_reached(kubernetes: dict[str, Any]) -> None:
    assert [port["port"] for port in kubernetes["Service"]["spec"]["ports"]] == [8700]
    policy = kubernetes["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    ours = {"matchLabels": {"ray.io/cluster": "automl"}}
    assert policy["podSelector"] == ours
    assert policy["ingress"] == [
        {"from": [{"podSelector": ours}]},
        {"ports": [{"protocol": "TCP", "port": 8700}]},
    ]
    head = kubernetes["RayCluster"]["spec"]["headGroupSpec"]
    assert head["rayStartParams"]["dashboard-host"] == "127.0.0.1"


def test_what_a_head_starts_is_started_again_when_it_fails(cluster: dict[str, Any]) -> None:
    kept = [command for command in cluster["head_start_ray_commands"] if "keep.sh" in command]
    names = [shlex.split(command.partition("keep.sh ")[2])[0] for command in kept]
    assert names == ["ray", "service", "dashboard"]


# Their shell, and the commands in them


def fragments() -> Iterator[tuple[str, str]]:
    """Every piece of shell in the files and on the page, with where it is from."""
    for path in CLUSTERS.values():
        for key in COMMANDS:
            for command in read(path)[key]:
                yield f"{path.name} {key}", command
    documents = yaml.safe_load_all((RECIPES / "kuberay.yaml").read_text(encoding="utf-8"))
    (manifest,) = (document for document in documents if document["kind"] == "RayCluster")
    yield "kuberay.yaml", manifest["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["args"][0]
    for script in sorted(RECIPES.glob("*.sh")):
        yield script.name, script.read_text(encoding="utf-8")
    for block in re.findall(r"(?:^ {4,}\S.*\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        yield PAGE.name, block


def test_every_piece_of_shell_can_be_read_by_bash() -> None:
    found = list(fragments())
    assert len(found) > 30
    for where, text in found:
        checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, f"{where}: {checked.stderr}\n{text}"


def commands_of_ours(text: str) -> Iterator[list[str]]:
    """The arguments of each `automl` in a piece of shell, also of one in quotation marks."""
    plain = re.sub(r"(^|\s)#.*", "", text.replace("\\\n", " "))
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=";&|()<>\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    for word in [*lexer, "\n"]:
        if set(word) - set(";&|()<>\n"):
            words.append(word)
            if "automl " in word and word != text:
                yield from commands_of_ours(word)
            continue
        for number, name in enumerate(words):
            before = words[number - 1] if number else ""
            ours = name == "automl" and (before == "--" or not before.startswith("-"))
            if ours and words[number + 1 :] and before != "install":
                yield words[number + 1 :]
                break
        words = []


def parse(arguments: list[str]) -> str:
    """The name of the command that the command line finds in them, without running it."""
    command = typer.main.get_command(app)
    context = command.make_context("automl", arguments)
    path = []
    while hasattr(command, "resolve_command"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)
        path.append(name)
    return " ".join(path)


def test_every_automl_command_is_one_of_the_command_line() -> None:
    page = PAGE.read_text(encoding="utf-8")
    pieces = [text for _, text in fragments()] + re.findall(r"`(automl [^`]+ [^`]+)`", page)
    used = {parse(arguments) for piece in pieces for arguments in commands_of_ours(piece)}
    assert {"serve", "dashboard", "search", "submit", "token create", "pull"} <= used
    assert set(re.findall(r"`automl (\w+)`", page)) <= set(typer.main.get_command(app).commands)


def test_a_command_that_is_none_is_found() -> None:
    (arguments,) = commands_of_ours("RAY_ADDRESS=auto bash keep.sh service automl serv --port 1 || true")
    assert arguments == ["serv", "--port", "1"]
    with pytest.raises(Exception, match="No such command 'serv'"):
        parse(arguments)
    ((*_, option),) = commands_of_ours("ray exec cluster.yaml 'automl serve --hosts 0.0.0.0'")
    assert option == "0.0.0.0"
    with pytest.raises(Exception, match="No such option"):
        parse(["serve", "--hosts", option])
