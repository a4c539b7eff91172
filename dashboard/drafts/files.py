"""The files of a draft: a folder of its own for what is uploaded, and which others it may name."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from hashlib import sha256
from pathlib import Path

import streamlit as st

from automl.spec import SearchSpec, with_paths
from automl.store.uploads import SCHEME
from dashboard import access

_FOLDER = "draft-folder"
_URL = re.compile(r"[a-z][a-z0-9+.-]*://")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Folder:
    """A folder that goes when nobody knows it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="automl-draft-"))
        self._end = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def keep(self, name: str, content: bytes) -> Path:
        """A file of this name and content; the same content has the same path."""
        safe = _UNSAFE.sub("_", Path(name).name)[-100:].lstrip(".-") or "data"
        file = self.path / sha256(content).hexdigest()[:12] / safe
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
        return file


def folder() -> Folder:
    """That of this session."""
    if _FOLDER not in st.session_state:
        st.session_state[_FOLDER] = Folder()
    found: Folder = st.session_state[_FOLDER]
    return found


def is_upload(path: str) -> bool:
    """Whether it was uploaded in this session."""
    return path.startswith(f"{folder().path}{os.sep}") and Path(path).resolve().is_relative_to(
        folder().path.resolve()
    )


def why_no_files() -> str | None:
    """Why a spec may not name files of the dashboard's machine; None where it may."""
    if access.user().remote is not None:
        return "data travel to the service as uploads: upload the file here."
    reason = access.why_not("admin")
    return reason and f"files of the dashboard's machine are for its admin ({reason}): upload the file here."


def why_not_read(path: str) -> str | None:
    """Why a path in a spec cannot be used; None where it can."""
    if path.startswith(SCHEME):
        return None
    try:
        if is_upload(path):
            there = os.path.exists(path)
            return None if there else f"{Path(path).name} was uploaded, and is gone: upload it again."
        reason = why_no_files()
        if reason is not None or _URL.match(path):
            return reason
        there = os.path.exists(absolute(path))
    except (OSError, ValueError, RuntimeError) as error:
        return f"{path[:100]!r} cannot be a path ({error})."
    return None if there else f"there is nothing at {path[:300]} on the dashboard's machine; check the path."


def why_not_run(path: str) -> str | None:
    """Why a family's own file or weights cannot be used: they are code, or nearly; None where they can."""
    if access.user().remote is not None:
        return "families of your own are code, which travels by `automl submit --with-code` alone."
    reason = access.why_not("admin")
    if reason is not None:
        return (
            f"families of one's own are code, which is for the admin of the dashboard's machine ({reason})."
        )
    return why_not_read(path)


def why_not_fetch(_number: str) -> str | None:
    """Why data cannot be fetched from elsewhere; None where they can."""
    remote = access.user().remote is not None
    return (
        "the service fetches no data from elsewhere: download them, and upload the file." if remote else None
    )


def absolute(path: str) -> str:
    """The path as a process that stands elsewhere needs it."""
    return path if "://" in path else str(Path(path).expanduser().absolute())


def travelling(spec: SearchSpec) -> SearchSpec:
    """The same spec, to be read from anywhere."""
    return with_paths(spec, absolute)
