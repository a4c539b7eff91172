"""Which user of this machine is at the other end of a connection.

A link that lets one in stands on the command line of the browser that is opened with it, where every user of the
machine can read it; so a link alone lets in nobody but whose dashboard it is.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

from starlette.types import Scope

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ROOT = 0


def may_be_ours(scope: Scope) -> bool:
    """Whether a connection is from a process of our user, or of root; True where the system does not say."""
    if not _TABLES[0].is_file() or not scope.get("client") or not scope.get("server"):
        return True
    return user_of(tuple(scope["client"]), tuple(scope["server"])) in (os.getuid(), _ROOT)


def user_of(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """The number of the user whose process opened a connection over loopback; None where it is not found.

    Args:
        client: its address and port; `server` those that it opened the connection to.
    """
    for table in _TABLES:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            parts = line.split()
            if _read(parts[1]) == client and _read(parts[2]) == server:
                return int(parts[7])
    return None


def _read(shown: str) -> tuple[str, int]:
    """An address as the kernel writes it: words in the machine's order of bytes.

    >>> _read("0100007F:1F90")
    ('127.0.0.1', 8080)
    """
    address, _, port = shown.partition(":")
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, packed), int(port, 16)
