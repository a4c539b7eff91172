"""Runs one case in a forked process, and says what came of it.

The process that forks has imported everything and computed nothing, so that what is measured is what the case
itself takes. A hook of the interpreter's own (PEP 578) sees what the case starts, connects to or writes.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from automl.errors import AutoMLError
from benchmarks.hostile.case import Case

MOST_SECONDS = 1.0
MOST_BYTES = 200 * 2**20
LONGEST_MESSAGE = 3000  # characters
_PATIENCE_SECONDS = 300.0  # of wall clock, after which a case is killed
_LIMIT_CPU = 15  # seconds
_LIMIT_MEMORY = 6 * 2**30  # bytes of addresses beyond those of the imports: the machine must survive
_LIMIT_FILE = 2**30
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STARTS = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn")
_TALKS = ("socket.connect", "socket.bind", "socket.getaddrinfo")
_CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.truncate", "shutil.rmtree")

# What the product imports where it is needed, which is no part of what a case takes.
_LATE = (
    "PIL.Image",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "numpy.lib.format",
    "polars.io.csv",
    "safetensors.numpy",
    "safetensors.torch",
    "scipy.signal",
    "soundfile",
    "sklearn.linear_model",
    "automl.api",
    "automl.bundle",
    "automl.cli",
    "automl.data.generated.features",
    "automl.onnx_export",
    "automl.remote",
    "automl.results",
    "automl.run",
    "automl.service.app",
    "automl.service.planning",
    "automl.store.pulling",
    "automl.store.reading",
    "automl.store.uploads",
    "automl.training",
)


@dataclass
class Outcome:
    """What came of one case.

    Args:
        state: ``refused``, ``accepted``, ``traceback`` (any error but ours) or ``killed``.
        message: of the error.
        cpu: seconds of user and system time.
        n_bytes: the most memory at once beyond what imports take.
        touched: what was written, started or connected to that should not be.
    """

    group: str
    name: str
    state: str
    message: str = ""
    wall: float = 0.0
    cpu: float = 0.0
    n_bytes: int = 0
    touched: list[str] = field(default_factory=list)
    harmless: str = ""

    def faults(self, by_cpu: bool) -> list[str]:
        """What is wrong with it, in words of the table; empty where nothing is."""
        found = [self.state] if self.state in ("traceback", "killed") else []
        if self.state == "accepted" and not self.harmless:
            found.append("accepted")
        if (self.cpu if by_cpu else self.wall) > MOST_SECONDS:
            found.append("too slow")
        if self.n_bytes > MOST_BYTES:
            found.append("too large")
        if self.touched:
            found.append("touched")
        if len(self.message) > LONGEST_MESSAGE or any(_is_control(sign) for sign in self.message):
            found.append("message")
        return found


def _is_control(sign: str) -> bool:
    """Whether a terminal obeys it, or turns around what follows, or no file can hold it."""
    return (unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t") or sign in "\u202e\u2066\u2067"


def import_everything() -> None:
    """Imports what cases may need, once, in the process that forks."""
    import torch

    from automl import catalog
    from automl.data.kinds import all_kinds
    from automl.data.readers import all_readers

    for name in _LATE:
        importlib.import_module(name)
    all_readers()
    all_kinds()
    for kind in ("family", "metric", "baseline", "sampler"):
        for name in catalog.names(kind):
            getattr(catalog, kind)(name)
    with torch.device("meta"):  # its first use imports a thousand modules
        torch.nn.Embedding(1, 1)
    gc.freeze()  # nothing of it is looked at again, or copied for that


def run(case: Case, work: Path) -> Outcome:
    """What came of a case, in a folder of its own below `work`."""
    sandbox = work / f"case-{time.monotonic_ns()}"
    (sandbox / "folder").mkdir(parents=True)
    (sandbox / "tmp").mkdir()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _be_the_case(case, sandbox, writer)
    os.close(writer)
    said = _all_of(reader, _PATIENCE_SECONDS)
    if said is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    shutil.rmtree(sandbox, ignore_errors=True)
    try:
        return Outcome(**json.loads(said or b""))
    except ValueError:
        why = "it did not end" if said is None else f"it ended with status {status}"
        return Outcome(case.group, case.name, "killed", f"{why}: {(said or b'')[-300:]!r}")


def _all_of(reader: int, seconds: float) -> bytes | None:
    """What comes out of a pipe until it is closed; None where that takes longer."""
    until, content = time.monotonic() + seconds, b""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            block = pipe.read(1 << 16)
            if not block:
                return content
            content += block
    return None


def _be_the_case(case: Case, sandbox: Path, writer: int) -> None:
    """Never returns."""
    status = 1
    try:
        silent = os.open(os.devnull, os.O_RDWR)
        os.dup2(silent, 0)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        os.chdir(sandbox / "folder")
        for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME"):
            os.environ[name] = str(sandbox / "tmp")
        tempfile.tempdir = None  # it is looked up again
        for name in ("AUTOML_URL", "AUTOML_TOKEN", "AUTOML_STORE", "RAY_ADDRESS"):
            os.environ.pop(name, None)
        outcome = _outcome(case, sandbox)
        os.write(writer, json.dumps(asdict(outcome)).encode())
        status = 0
    except BaseException as error:
        os.write(writer, f"{type(error).__name__}: {error}".encode()[:4000])
    finally:
        os._exit(status)


def _outcome(case: Case, sandbox: Path) -> Outcome:
    given = case.make(sandbox / "folder")
    gc.collect()
    before, touched = _tree(sandbox), _watch(sandbox)
    _limit()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5))
    memory = _memory()
    touched.clear()
    wall, cpu = time.perf_counter(), time.process_time()
    state, message = _ask(case, given)
    outcome = Outcome(case.group, case.name, state, message, harmless=case.harmless)
    outcome.wall, outcome.cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = _memory()
    # Pages of libraries that are used for the first time were read by the imports.
    outcome.n_bytes = after["VmHWM"] - memory["VmRSS"] - max(0, after["RssFile"] - memory["RssFile"])
    changed = {str(path) for path, _ in _tree(sandbox) ^ before}
    kept = tuple(f"folder/{name}" for name in case.writes)
    outcome.touched = sorted({*touched, *(path for path in changed if not (kept and path.startswith(kept)))})[
        :10
    ]
    return outcome


def _ask(case: Case, given: Any) -> tuple[str, str]:
    try:
        case.ask(given)
    except AutoMLError as error:
        return "refused", str(error)
    except MemoryError:
        return "killed", "no memory is left"
    except BaseException as error:
        return "traceback", f"{type(error).__name__}: {error}"[:LONGEST_MESSAGE]
    return "accepted", ""


def _limit() -> None:
    used = _memory()["VmSize"]
    resource.setrlimit(resource.RLIMIT_AS, (used + _LIMIT_MEMORY, used + _LIMIT_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_LIMIT_CPU, _LIMIT_CPU))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LIMIT_FILE, _LIMIT_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _memory() -> dict[str, int]:
    """What ``/proc`` says of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines)
    return {name: int(value.split()[0]) * 1024 for name, value in pairs if value.endswith(" kB")}


def _tree(folder: Path) -> set[tuple[str, str]]:
    """Every path below a folder, with its kind, size and time of change."""
    found = set()
    for path in _walk(folder):
        there = path.lstat()
        of_files = f"{there.st_size} {there.st_mtime_ns}" if path.is_file() or path.is_symlink() else ""
        found.add((str(path.relative_to(folder)), f"{there.st_mode} {of_files}"))
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        yield from (Path(here) / name for name in (*folders, *files))


def _watch(sandbox: Path) -> list[str]:
    """What this process does from now on that nothing it reads should make it do."""
    touched: list[str] = []
    inside = f"{sandbox}{os.sep}"

    def is_outside(path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        where = os.path.abspath(os.fsdecode(path))
        return not where.startswith(inside) and not where.startswith(("/dev/", "/proc/"))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STARTS or event in _TALKS:
            touched.append(f"{event} {str(arguments)[:200]}")
        elif event == "open":
            path, _mode, flags = arguments
            if isinstance(flags, int) and flags & _WRITES and is_outside(path):
                touched.append(f"open {os.fsdecode(path)[:200]}")
        elif event in _CHANGES and any(is_outside(one) for one in arguments):
            touched.append(f"{event} {str(arguments)[:200]}")

    sys.addaudithook(hook)
    return touched
