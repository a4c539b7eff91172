"""A model card: Markdown that came with a bundle, of which the shape is shown and nothing is followed or fetched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import streamlit as st

LONGEST = 40_000  # signs of a card that are shown
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`]*")
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*)")
# What is kept of a line: escaped signs and code without signs of its own. Everything else that could begin a link, an
# image, HTML, a formula or a coloured part is escaped.
_PART = re.compile(
    r"(?P<kept>\\[!-/:-@\[-`{-~]|(?<!`)`[\w ./,+=()\"-]+`(?!`))"
    r"|(?P<sign>[<>\[\]$`~&\\])"
    r"|(?P<link>(?<=:)//|(?<=[wW])\.(?=\S)|@)"
)


def show(card: str) -> None:
    """Draw a card."""
    shown = card[:LONGEST]
    for is_code, part in parts(shown):
        if is_code:
            st.code(part, language=None, wrap_lines=True)
        elif part.strip():
            st.markdown(part)
    if len(card) > LONGEST:
        st.caption(f"{LONGEST:,} signs shown of {len(card):,}, the first.")


def parts(card: str) -> Iterator[tuple[bool, str]]:
    """The card in parts that are shown one by one: whether one is code, and its text.

    Code is shown as it is, and of everything else each line is made harmless, so that it does not matter to safety
    whether these parts are those that a reader of Markdown would see.

    >>> list(parts("# A ![b](c)"))
    [(False, '#### A !\\\\[b\\\\](c)')]
    """
    lines: list[str] = []
    fence = ""
    for line in map(_visible, card.splitlines()):
        found = _FENCE.fullmatch(line)
        opens = bool(found) and not fence
        closes = bool(fence) and line.strip().startswith(fence) and not line.strip().strip(fence[0])
        if opens or closes:
            yield bool(fence), "\n".join(lines)
            lines, fence = [], "" if closes or found is None else found[1]
        else:
            lines.append(line if fence else harmless(line))
    yield bool(fence), "\n".join(lines)


def harmless(line: str) -> str:
    """A line of Markdown without links, images, HTML, formulas and colours; headings are three levels lower.

    >>> print(harmless("## <b>[a](b)</b> or `split_id`"))
    ##### \\<b\\>\\[a\\](b)\\</b\\> or `split_id`
    """
    heading = _HEADING.fullmatch(line)
    if heading is not None:
        return f"{'#' * min(len(heading[1]) + 3, 6)} {harmless(heading[2])}"

    def written(match: re.Match[str]) -> str:
        if match["kept"]:
            return match["kept"]
        return f"\\{match['sign']}" if match["sign"] else f"\u2060{match['link']}\u2060"

    return _PART.sub(written, line)


def _visible(line: str) -> str:
    """Without signs that control how a line is shown."""
    return "".join(
        "�" if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co") else sign for sign in line.expandtabs(4)
    )
