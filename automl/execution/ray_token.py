"""Ray's token: whoever has it runs code on every machine of a cluster, so its file is for one user alone.

Ray has one token a cluster. By itself it writes it for every user of a machine to read.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from automl.errors import RequestError

MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
FILE = "ray_token"
BYTES = 32  # of chance, in each token
_FOREIGN = stat.S_IRWXG | stat.S_IRWXO


def make_token(folder: Path) -> Path:
    """The file of a new token in `folder`, which is made where it is missing; the one that is there is kept.

    Raises:
        RequestError: others can come at it.
    """
    path = folder / FILE
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(file, "w") as out:
            out.write(secrets.token_hex(BYTES))
    check_token(path)
    return path


def check_token(path: Path) -> None:
    """Refuses the file of a token that anybody but this user can come at.

    Raises:
        RequestError: there is no such file, it is another user's, or others may read it or enter its folder.
    """
    for place, mode in ((path.parent, "700"), (path, "600")):
        try:
            found = place.stat()
        except OSError as error:
            raise RequestError(
                f"The file of Ray's token {path} cannot be used: {error.strerror}. Check {TOKEN_PATH}."
            ) from error
        if found.st_uid != os.geteuid():
            raise RequestError(
                f"Ray's token lets its reader run code on the whole cluster, but {place} belongs to another user. "
                "Keep the token in a file of your own, and revoke this one by starting Ray with a new one."
            )
        if found.st_mode & _FOREIGN:
            raise RequestError(
                f"Ray's token lets its reader run code on the whole cluster, but other users of this machine may "
                f"come at {place} (its mode is {stat.S_IMODE(found.st_mode):o}). Say: chmod {mode} {place}"
            )


def check_shown_token() -> None:
    """Checks the file of the token that this process shows to a cluster, where it is in a file.

    Raises:
        RequestError: others can come at it.
    """
    if os.environ.get(MODE, "token").lower() != "token" or os.environ.get(TOKEN):
        return
    named = os.environ.get(TOKEN_PATH)
    path = Path(named) if named else Path.home() / ".ray" / "auth_token"
    if named or path.exists():
        check_token(path)


@contextmanager
def guarded() -> Iterator[None]:
    """Ray that is started inside asks for a token: the user's own, or a new one that lives as long.

    Raises:
        RequestError: the user's own is no secret, or Ray is told to ask for none.
    """
    mode = os.environ.get(MODE)
    if mode is not None and mode.lower() != "token":
        raise RequestError(
            f"Ray must ask for a token, or other users of this machine could run code as you, but {MODE} is "
            f"{mode!r}. Unset it."
        )
    with ExitStack() as undo:
        changes = {MODE: "token"}
        if os.environ.get(TOKEN):
            pass  # the user's own, in no file
        elif os.environ.get(TOKEN_PATH):
            check_token(Path(os.environ[TOKEN_PATH]))
        else:
            folder = undo.enter_context(tempfile.TemporaryDirectory(prefix="automl-ray-"))
            changes[TOKEN_PATH] = str(make_token(Path(folder)))
        undo.enter_context(_environment(changes))
        yield


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """These variables are set inside, as Ray sees them too."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    tell_ray()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tell_ray()


def tell_ray() -> None:
    """Ray reads its environment once; where it is loaded already, it must read it again."""
    if "ray" in sys.modules:
        from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

        Config.initialize("")
        AuthenticationTokenLoader.instance().reset_cache()
