"""Changes bytes at random, as a seed says."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from typing import Any

_TOKENS = (
    b"\0", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"{", b"}", b"[", b"]", b"[" * 50, b"{a: " * 40, b": ", b"- ",
    b"? ", b"&a ", b"*a", b"<<: ", b"!!python/object:os.system ", b"!x ", b"%YAML 9.9\n", b"---\n", b"...\n", b"#",
    b"'", b'"', b"|\n", b">\n", b"\t", b"\r", b"\n", b"~", b"null", b"true", b"no", b".inf", b"-.inf", b".nan", b"NaN",
    b"Infinity", b"1e400", b"1e-400", b"-1", b"0", b"012", b"0x1F", b"9" * 400, b"9" * 5000, b"18446744073709551616",
    b"-9223372036854775809", b"1.5", b"../../x", b"/dev/zero", b"\\ud800", b"\\u0000", b'"__class__"', b"__metadata__",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, -1e308, 10**18, 10**400, "", "x", "../../x", "\0", "\ud800", "x" * 5000, "1",
    [], {}, [[]], [None], {"": 1}, {"name": []}, [1, 2, 3], list(range(2000)), "mlp", "os:system", "table", "image",
)  # fmt: skip
_LONGEST = 20_000  # bytes


def mutated(rng: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One of some inputs, changed up to five times."""
    content = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 5)):
        rng.choice(_CHANGES)(rng, content, corpus)
        del content[_LONGEST:]
    return bytes(content)


def _places(rng: random.Random, content: bytearray) -> tuple[int, int]:
    first = rng.randint(0, len(content))
    return first, min(len(content), first + rng.randint(0, 40))


def _flip(rng: random.Random, content: bytearray, _corpus: Sequence[bytes]) -> None:
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _cut(rng: random.Random, content: bytearray, _corpus: Sequence[bytes]) -> None:
    first, last = _places(rng, content)
    del content[first:last]


def _double(rng: random.Random, content: bytearray, _corpus: Sequence[bytes]) -> None:
    first, last = _places(rng, content)
    content[first:first] = content[first:last] * rng.randint(1, 30)


def _insert(rng: random.Random, content: bytearray, _corpus: Sequence[bytes]) -> None:
    first, _ = _places(rng, content)
    content[first:first] = rng.choice(_TOKENS)


def _replace(rng: random.Random, content: bytearray, _corpus: Sequence[bytes]) -> None:
    first, last = _places(rng, content)
    content[first:last] = rng.choice(_TOKENS)


def _splice(rng: random.Random, content: bytearray, corpus: Sequence[bytes]) -> None:
    other = rng.choice(corpus)
    begin = rng.randint(0, len(other))
    first, last = _places(rng, content)
    content[first:last] = other[begin : begin + rng.randint(0, 300)]


def _swap(rng: random.Random, content: bytearray, _corpus: Sequence[bytes]) -> None:
    lines = bytes(content).split(b"\n")
    rng.shuffle(lines)
    content[:] = b"\n".join(lines)


_CHANGES: tuple[Callable[[random.Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip, _cut, _double, _insert, _replace, _splice, _swap,
)  # fmt: skip


def changed_in_place(rng: random.Random, node: Any) -> None:
    """One value somewhere in plain data becomes another, or is gone."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(node[key], dict | list) and node[key] and rng.random() < 0.8:
            node = node[key]
            continue
        if isinstance(node, dict) and rng.random() < 0.2:
            del node[key]
        elif isinstance(node, dict) and rng.random() < 0.2:
            node[rng.choice(("", "x", "__class__", "name", "\ud800"))] = node.pop(key)
        else:
            node[key] = copy.deepcopy(rng.choice(_VALUES))  # else one may come to hold itself
        return
