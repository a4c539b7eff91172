"""Bytes from the web, with a time-out, a limit on the size, and an error that says what failed."""

from __future__ import annotations

import httpx

from automl.errors import DataError, UnreachableError

TIMEOUT_SECONDS = 30.0
MAX_BYTES = 4_000_000_000


def download(url: str, transport: httpx.BaseTransport | None = None) -> bytes:
    """The content at an http(s) URL; `transport` stands in for the network in tests.

    Raises:
        UnreachableError: there is no answer.
        DataError: the answer is that there is no such thing, or it is too large.
    """
    try:
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True, transport=transport) as client,
            client.stream("GET", url) as answer,
        ):
            if 400 <= answer.status_code < 500:
                raise DataError(
                    f"{url} was asked for but answers {answer.status_code}; check the address or number."
                )
            answer.raise_for_status()
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise DataError(
                        f"{url} holds more than {MAX_BYTES // 10**9} GB; fetch it and give a local path."
                    )
            return bytes(content)
    except httpx.InvalidURL as error:
        raise DataError(f"{url} is not an address that can be fetched ({error}); check it.") from error
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise UnreachableError(
            f"{url} cannot be reached ({reason}). Check the network, or give a local file as data.path."
        ) from error
