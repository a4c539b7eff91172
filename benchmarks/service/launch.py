"""Starts `cluster.yaml` on this machine with `ray up`, searches on it as a user would, and ends it again.

    python -m benchmarks.service.launch

The file is `cluster.yaml` with Ray's provider for one's own machines: the same commands start the same things, over
ssh to a server of its own. All of it is in namespaces of its own (processes, network, /tmp/ray): Ray's `up` and `down`
end every Ray that they see. So it wants root, unshare, ip, sshd, ssh, rsync and openssl, and says which is missing.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml

from automl.execution.ray_token import make_token
from benchmarks._measure import Measure, arguments, report

ROOT = Path(__file__).parents[2]
FOLDER = "AUTOML_LAUNCH_FOLDER"  # set where it runs in its namespaces
NEEDED = ("unshare", "ip", "mount", "sshd", "ssh", "ssh-keygen", "rsync", "openssl")
SBIN = "/usr/sbin:/sbin"
URL = "https://localhost:8700"
ANSWER_SECONDS = 300.0  # for the service to answer, once it is started
COMMAND_SECONDS = 1800.0  # for one command, a whole search among them
KEPT = ("dashboard", "service", "ray")  # as keep.sh calls them


def missing() -> list[str]:
    """What this machine lacks for it."""
    lacking = [name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:{SBIN}") is None]
    if os.geteuid() != 0:
        return [*lacking, "root's rights"]
    if not lacking and subprocess.run(_unshare("true"), capture_output=True, check=False).returncode != 0:
        return ["namespaces of one's own (unshare --mount --net --pid)"]
    return lacking


def main() -> None:
    options = arguments(__doc__)
    folder = os.environ.get(FOLDER)
    if folder is not None:
        report(launched(Path(folder), options.quick), options.json)
        return
    if lacking := missing():
        sys.exit(f"This machine lacks: {', '.join(lacking)}.")
    with tempfile.TemporaryDirectory(prefix="automl-launch-") as made:
        environment = {
            **os.environ,
            FOLDER: made,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:{SBIN}",
        }
        command = _unshare(sys.executable, "-m", "benchmarks.service.launch", *sys.argv[1:])
        sys.exit(subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode)


def _unshare(*command: str) -> list[str]:
    return ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", *command]


def launched(folder: Path, quick: bool) -> list[Measure]:
    """What a launch, a search, a death of the service and an end took, in seconds."""
    prepare(folder)
    file = folder / "cluster.yaml"
    file.write_text(yaml.safe_dump(derived(folder)))
    took = {"ray up": seconds(lambda: ray_up(file))}
    try:
        took["the service answers after it"] = seconds(lambda: wait_for_refusal(folder))
        check_refusals()
        took["submit, search and pull"] = seconds(lambda: search_as_a_user(folder, file))
        (service,) = services()
        os.kill(service, signal.SIGKILL)
        wait_until(lambda: service not in services(), "the service died", 30.0)
        took["the service answers after it was killed"] = seconds(lambda: wait_for_refusal(folder))
        if not quick:
            took["ray up again"] = seconds(lambda: ray_up(file))
            wait_for_refusal(folder)
        assert len(services()) == 1, f"one service was expected, but there are {len(services())}"
    except BaseException:
        for log in sorted((folder / "home/.automl-keep").glob("*.log")):
            print(f"--- {log.name}\n{log.read_text()[-4000:]}", file=sys.stderr)
        raise
    for name in KEPT:
        run("ray", "exec", str(file), f"bash ~/automl/docs/recipes/keep.sh {name}")
    run("ray", "down", "--yes", str(file))
    return [*(Measure(name, value, "s") for name, value in took.items()), gone()]


def ray_up(file: Path) -> None:
    run("ray", "up", "--yes", "--no-config-cache", str(file))


def prepare(folder: Path) -> None:
    """A home for the head, the files of who launches it, and a server for ssh."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for part in ("ray", "home", "store"):
        (folder / part).mkdir()
    Path("/tmp/ray").mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", str(folder / "ray"), "/tmp/ray"], check=True)
    make_token(folder / "launcher")
    run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "2", "-subj", "/CN=automl", "-addext", "subjectAltName=DNS:localhost"),
        *("-keyout", str(folder / "launcher/tls.key"), "-out", str(folder / "launcher/tls.crt")),
    )
    environment = environment_of_head(folder)
    exports = "".join(f"export {name}={value}\n" for name, value in environment.items())
    (folder / "home/.bashrc").write_text(exports)
    serve_ssh(folder)


def environment_of_head(folder: Path) -> dict[str, str]:
    """What `cluster.yaml` gives the container of the head, with the folders of this machine."""
    options = yaml.safe_load((ROOT / "cluster.yaml").read_text())["docker"]["run_options"]
    given = dict(
        option.removeprefix("--env ").split("=", 1) for option in options if option.startswith("--env ")
    )
    given = {name: value.replace("/home/ray", str(folder / "home")) for name, value in given.items()}
    return {**given, "AUTOML_STORE": str(folder / "store"), "PATH": os.environ["PATH"]}


def serve_ssh(folder: Path) -> None:
    """A server for ssh on loopback, with keys of its own; who comes is at home in the head's home."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort 22\nHostKey {folder / 'host'}\nAuthorizedKeysFile {folder / 'user.pub'}\n"
        f"PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nSetEnv HOME={folder / 'home'}\n"
    )
    server = shutil.which("sshd")
    assert server is not None
    subprocess.run([server, "-f", str(folder / "sshd_config"), "-E", str(folder / "sshd.log")], check=True)


def derived(folder: Path) -> dict[str, Any]:
    """`cluster.yaml` for a head on this machine: without a cloud, a container, and what is installed already."""
    written = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    sources = {"~/.automl": str(folder / "launcher"), ".": str(ROOT)}
    kept = ("rsync_exclude", "idle_timeout_minutes", "head_start_ray_commands", "worker_start_ray_commands")
    return {
        "cluster_name": f"automl-launch-{secrets.token_hex(4)}",
        "provider": {"type": "local", "head_ip": "127.0.0.1", "worker_ips": []},
        "auth": {"ssh_user": "root", "ssh_private_key": str(folder / "user")},
        "file_mounts": {
            there.replace("/home/ray", str(folder / "home")): sources[here]
            for there, here in written["file_mounts"].items()
        },
        **{name: written[name] for name in kept},
    }


def check_refusals() -> None:
    """Without the certificate, TLS or a token, nobody gets in; nor to Ray without its token."""
    assert status_of(f"{URL}/v1/me", None) is None, "a certificate that nobody trusts was taken"
    plain = status_of(f"{URL.replace('https', 'http')}/v1/me", None)
    assert plain is None, f"the service answered {plain} without TLS"
    ray = "http://127.0.0.1:8265/api/jobs/"
    wait_until(lambda: status_of(ray, None) is not None, "Ray's dashboard answered", ANSWER_SECONDS)
    status = status_of(ray, None)
    assert status == 401, f"Ray should have refused a request without its token with 401, but said {status}"


def wait_for_refusal(folder: Path) -> None:
    """Until the service answers, over TLS, that a token is wanted."""
    certificate = folder / "launcher/tls.crt"
    wait_until(
        lambda: status_of(f"{URL}/v1/me", certificate) == 401, "the service answered 401", ANSWER_SECONDS
    )


def status_of(url: str, certificate: Path | None) -> int | None:
    """What is answered to a request without a token; None where there is no answer, or not over TLS."""
    try:
        return httpx.get(url, verify=ssl.create_default_context(cafile=certificate)).status_code
    except httpx.TransportError:
        return None


def search_as_a_user(folder: Path, file: Path) -> None:
    """Gets a token, submits a small search, waits for its end, and pulls its model."""
    said = run("ray", "exec", str(file), "automl token create --role submitter launch")
    found = re.search(r"automl_[\w-]+", said)
    assert found is not None, f"no token in: {said}"
    environment = {
        "AUTOML_URL": URL,
        "AUTOML_TOKEN": found[0],
        "SSL_CERT_FILE": str(folder / "launcher/tls.crt"),
    }
    spec = folder / "spec.yaml"
    spec.write_text(yaml.safe_dump(small_search(folder / "houses.csv")))
    search_id = run("automl", "submit", str(spec), **environment).split()[0]

    run("automl", "status", search_id, "--watch", **environment)  # fails where the search does
    run("automl", "pull", search_id, str(folder / "model"), **environment)
    assert (folder / "model/model.safetensors").is_file()


def small_search(table: Path) -> dict[str, Any]:
    """A search of two trials, and its data."""
    rows = [f"{i % 7},{i % 11},{3 * (i % 7) - i % 11 + i % 3 / 10}" for i in range(240)]
    table.write_text("\n".join(["rooms,age,price", *rows]) + "\n")
    return {
        "data": {"path": str(table), "target": "price"},
        "families": ["mlp"],
        "budget": {"trials": 2, "epochs": 3},
        "finalists": {"top": 1, "seeds": 1},
        "resources": {"workers": 1},
    }


def gone() -> Measure:
    """That nothing runs any more but this program and the server for ssh."""

    def left() -> list[str]:
        return [name for name in processes().values() if "sshd" not in name]

    took = seconds(lambda: wait_until(lambda: not left(), "everything had ended", 60.0, on_failure=left))
    return Measure("processes left after `ray down`", float(len(left())), "", 0.0, not left(), seconds=took)


def services() -> list[int]:
    """The ids of the processes that are a service; the loops that start them again are none."""
    return [process for process, line in processes().items() if "/automl\0serve\0" in line]


def processes() -> dict[int, str]:
    """The command lines of the processes of these namespaces, without this one and those that have ended."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has just ended
            if line:
                found[int(entry.name)] = line
    return found


def wait_until(
    holds: Callable[[], bool],
    what: str,
    limit: float,
    on_failure: Callable[[], Any] | None = None,
) -> None:
    until = time.monotonic() + limit
    while not holds():
        if time.monotonic() > until:
            more = "" if on_failure is None else f": {on_failure()}"
            raise AssertionError(f"not within {limit:.0f} s: {what}{more}")
        time.sleep(0.5)


def run(*command: str, **environment: str) -> str:
    """What a command printed; the program ends where it fails."""
    done = subprocess.run(
        command,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", **environment},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout[-6000:]}{done.stderr[-6000:]}"
        )
    return done.stdout


def seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
