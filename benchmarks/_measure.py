"""What every measuring program shares: its options, what it measured, and how that is printed."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One figure.

    Args:
        reach: what it should reach; None where there is no bound.
        met: whether it does.
        peer: what it is compared with, measured in the same run.
        ratio: how many times better than the peer, or whatever `name` says.
        repeats: how often it was measured; `value` is the median.
        seconds: how long measuring took.
    """

    name: str
    value: float
    unit: str
    reach: float | None = None
    met: bool | None = None
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    repeats: int = 1
    seconds: float = 0.0


def arguments(description: str | None, **defaults: Any) -> argparse.Namespace:
    """The options ``--quick`` and ``--json FILE``, and one for each default, of its type."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything, in under two minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    for name, default in defaults.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(default, bool):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default)
        else:
            parser.add_argument(flag, type=type(default), default=default, help=f"default: {default!r}")
    return parser.parse_args()


def development_data(named: str | Path | None = None) -> Path | None:
    """The folder of the development data: as named, else by AUTOML_DATA; None where neither is."""
    chosen = named or os.environ.get("AUTOML_DATA")
    return Path(chosen) if chosen else None


def timed(work: Callable[[], Any], repeats: int = 5) -> float:
    """The median of so many runs, in seconds, after one that is not counted."""
    work()
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return median(found)


def report(measures: list[Measure], json_path: Path | None = None) -> None:
    """Print the figures, one a line, and write them as JSON where a file is named."""
    for one in measures:
        line = f"{one.name}: {one.value:.4g} {one.unit}"
        if one.reach is not None:
            line += f" (to reach {one.reach:.4g}: {'met' if one.met else 'NOT MET'})"
        if one.peer is not None and one.peer_value is not None:
            ratio = "" if one.ratio is None else f", ratio {one.ratio:.3g}"
            line += f"; {one.peer}: {one.peer_value:.4g}{ratio}"
        print(f"{line}; {one.repeats} repeats, {one.seconds:.0f} s", flush=True)
    if json_path is not None:
        write(measures, json_path)


def write(measures: list[Measure], json_path: Path) -> None:
    """The figures as JSON."""
    json_path.write_text(json.dumps([asdict(one) for one in measures], indent=1) + "\n")
