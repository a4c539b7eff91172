"""The layers of a network, with blocks that repeat folded into one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

MAX_LAYERS = 5000  # that are looked at
_MAX_PERIOD = 64  # layers of a block that may repeat
_NUMBER = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Layer:
    """One layer, in the order of a forward pass; None in a shape stands for the rows of a batch."""

    name: str
    kind: str
    input_shape: tuple[int | None, ...]
    output_shape: tuple[int | None, ...]
    n_parameters: int
    depth: int

    @property
    def alike(self) -> tuple[Any, ...]:
        """What is equal for two layers that do the same in two copies of a block."""
        name = _NUMBER.sub("#", self.name)
        return (name, self.kind, self.input_shape, self.output_shape, self.n_parameters)


@dataclass(frozen=True)
class Block:
    """Layers that follow each other `times` times; the layers are those of the first time, their names of all."""

    layers: tuple[Layer, ...]
    names: tuple[str, ...]
    times: int = 1


def layers(answer: dict[str, Any]) -> list[Layer]:
    """The layers that `automl inspect` told of."""
    return [
        Layer(
            str(one["name"]),
            str(one["kind"]),
            _shape(one.get("input_shape")),
            _shape(one.get("output_shape")),
            int(one["n_parameters"]),
            int(one.get("depth", 0)),
        )
        for one in answer["layers"][:MAX_LAYERS]
    ]


def _shape(sizes: Any) -> tuple[int | None, ...]:
    """A shape; of a layer with several inputs or outputs, or none, an empty one."""
    listed = sizes if isinstance(sizes, list) else []
    plain = [None if size is None else int(size) for size in listed if size is None or isinstance(size, int)]
    return tuple(plain) if len(plain) == len(listed) else ()


def folded(found: Sequence[Layer]) -> list[Block]:
    """The layers as blocks: of two ways to fold, the one that leaves fewer lines, from the front on.

    >>> one = [Layer(f"blocks.{i}.{part}", part, (), (), 0, 1) for i in range(3) for part in ("linear", "relu")]
    >>> [(block.names, block.times) for block in folded(one)]
    [(('blocks.0–2.linear', 'blocks.0–2.relu'), 3)]
    """
    alike = [layer.alike for layer in found]
    blocks: list[Block] = []
    at = 0
    while at < len(found):
        period, times = _repeats(alike, at)
        first, last = (found[start : start + period] for start in (at, at + period * (times - 1)))
        names = tuple(_span(one.name, other.name) for one, other in zip(first, last, strict=True))
        blocks.append(Block(tuple(first), names, times))
        at += period * times
    return blocks


def _repeats(alike: Sequence[Any], at: int) -> tuple[int, int]:
    """How long the block is that begins here, and how often it follows itself; the most lines saved wins."""
    best, saved = (1, 1), 0
    for period in range(1, min(_MAX_PERIOD, (len(alike) - at) // 2) + 1):
        block, times = alike[at : at + period], 1
        while alike[at + times * period : at + (times + 1) * period] == block:
            times += 1
        if period * (times - 1) > saved:
            best, saved = (period, times), period * (times - 1)
    return best


def _span(first: str, last: str) -> str:
    """A name with the numbers that grow from copy to copy as a span."""
    pairs = zip(_NUMBER.split(first), _NUMBER.split(last), strict=True)
    return "".join(one if one == other else f"{one}–{other}" for one, other in pairs)


def shape(sizes: Sequence[int | None]) -> str:
    """A shape for people, without the batch.

    >>> shape((None, 16, 28, 28)), shape(())
    ('16 × 28 × 28', '')
    """
    inner = sizes[1:] if sizes and sizes[0] is None else sizes
    return " × ".join("?" if size is None else f"{size:,}" for size in inner)


def picture_rows(blocks: Sequence[Block], most: int) -> tuple[pl.DataFrame, int]:
    """One line a layer to be drawn: line, kind, name, shape, n_parameters, times, block; and how many are left out.

    Where there are more than `most`, those in the middle are left out; `line` goes on counting behind them.
    """
    lines = [
        (layer.kind, name, shape(layer.output_shape), layer.n_parameters * block.times, block.times, number)
        for number, block in enumerate(blocks)
        for layer, name in zip(block.layers, block.names, strict=True)
    ]
    texts, counts = ("kind", "name", "shape"), ("n_parameters", "times", "block")
    schema = {**dict.fromkeys(texts, pl.String), **dict.fromkeys(counts, pl.Int64)}
    frame = pl.DataFrame(lines, schema=schema, orient="row").with_row_index("line")
    left_out = max(0, frame.height - most)
    if left_out:
        head = (most + 1) // 2
        tail = frame.tail(most - head).with_columns(pl.col("line") - left_out + 1)
        frame = pl.concat([frame.head(head), tail])
    return frame, left_out


def table(found: Sequence[Layer]) -> pl.DataFrame:
    """One line a layer, for people: layer, kind, input, output, weights."""
    return pl.DataFrame(
        {
            "layer": [one.name for one in found],
            "kind": [one.kind for one in found],
            "input": [shape(one.input_shape) for one in found],
            "output": [shape(one.output_shape) for one in found],
            "weights": [one.n_parameters for one in found],
        }
    )
