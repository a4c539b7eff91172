"""Bytes as text, in the encoding that is asked for."""

from __future__ import annotations

from automl.errors import DataError

UTF8 = "utf-8"


def decoded(content: bytes, name: str, encoding: str) -> str:
    """The text, without a byte-order mark; `name` stands in messages.

    Raises:
        DataError: it is in another encoding.
    """
    try:
        return content.decode("utf-8-sig" if encoding == UTF8 else encoding)
    except UnicodeDecodeError as error:
        raise DataError(not_in(name, encoding, content[: error.start].count(b"\n") + 1)) from None


def not_in(name: str, encoding: str, line: int) -> str:
    """What is said of a file that is in another encoding than expected."""
    if encoding != UTF8:
        return f"{name} is not in {encoding}, as data.encoding says: line {line} cannot be read. Correct it."
    return (
        f"{name} is not in UTF-8: line {line} cannot be read. Save it as UTF-8, for example with: iconv -f "
        "latin1 -t utf-8 OLD > NEW; or set data.encoding, for example to latin-1."
    )
