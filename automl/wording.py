"""How numbers are written for people, everywhere: tables, progress, cards, pages."""

from __future__ import annotations

import math
from collections.abc import Iterable


def number(value: float | None) -> str:
    """Five significant digits, without an exponent as long as that reads well.

    >>> number(0.98886), number(45694.91), number(0.0001234567), number(1.5e9), number(3.0), number(None)
    ('0.98886', '45,695', '0.00012346', '1.5e+09', '3', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    if 1e4 <= abs(value) < 1e8:
        return f"{value:,.0f}"
    return f"{value:.5g}"


def listed(names: Iterable[str]) -> str:
    """Names as people list them.

    >>> listed(["image", "series", "audio"]), listed(["table"])
    ('image, series and audio', 'table')
    """
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last
