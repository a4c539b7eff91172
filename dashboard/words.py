"""How values are written: states, scores, times, and text that somebody else chose."""

from __future__ import annotations

import re
import shlex
import unicodedata
from datetime import UTC, datetime
from typing import Literal

Colour = Literal["gray", "blue", "violet", "green", "orange"]
STATES: dict[str, tuple[str, str, Colour]] = {  # state: (sign, icon, colour); never colour alone
    "queued": ("◷", ":material/schedule:", "gray"),
    "running": ("▶", ":material/play_arrow:", "blue"),
    "stopping": ("◫", ":material/hourglass_bottom:", "violet"),
    "stopped": ("◼", ":material/stop_circle:", "violet"),
    "complete": ("✔", ":material/check_circle:", "green"),
    "failed": ("✖", ":material/error:", "orange"),
}
UNKNOWN: tuple[str, str, Colour] = ("?", ":material/help:", "gray")
ACTIVE = ("queued", "running", "stopping")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")
_LINK = re.compile(r"(?<=:)//|(?<=[wW])\.(?=\S)|@")


def text(value: object, limit: int = 300) -> str:
    """One line of plain text: control and direction signs are replaced, and it is cut at `limit`.

    >>> text("a\\u202eb\\nc")
    'a�b c'
    """
    line = " ".join(str(value).split())
    shown = "".join("�" if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co") else sign for sign in line)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def escape(value: object, limit: int = 300) -> str:
    """Text that Markdown shows sign for sign: no emphasis, link, image, colour or formula.

    >>> print(escape("**<b>:red[x]"))
    \\*\\*\\<b\\>\\:red\\[x\\]
    """
    unlinked = _LINK.sub(lambda match: "\u2060" + match[0] + "\u2060", text(value, limit))
    return _MARKDOWN.sub(r"\\\1", unlinked)


def state(name: str) -> str:
    """A state as a sign and a word.

    >>> state("failed")
    '✖ failed'
    """
    sign = STATES[name][0] if name in STATES else "?"
    return f"{sign} {text(name, 40)}"


def direction(goal: str) -> str:
    """
    >>> direction("min")
    'lower is better'
    """
    return "higher is better" if goal == "max" else "lower is better"


def arrow(goal: str) -> str:
    return "↑" if goal == "max" else "↓"


def duration(seconds: float) -> str:
    """
    >>> duration(75), duration(7300), duration(12.3)
    ('1 min 15 s', '2 h 1 min', '12.3 s')
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def plural(n: int, noun: str, several: str | None = None) -> str:
    """
    >>> plural(1, "search", "searches"), plural(1200, "trial")
    ('1 search', '1,200 trials')
    """
    return f"{n:,} {noun if n == 1 else several or noun + 's'}"


def shell(*words: str) -> str:
    """A command line, quoted for the shell, without signs that would change what is seen.

    >>> shell("automl", "trials", "a b", "--json")
    "automl trials 'a b' --json"
    """
    return shlex.join(text(word, 500) for word in words)
