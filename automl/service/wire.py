"""What client and service must agree on beside the routes: the names of headers, and which versions get on."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version

API = 1  # the version of the paths, ``/v1/...``
VERSION = "X-Automl-Version"  # each says its own to the other
API_VERSION = "X-Automl-Api"  # the service says which one it has
KEY = "Idempotency-Key"
SPEAKS_FOR = "X-Automl-User"  # whom a delegate's token asks for; percent-encoded
OLDEST_CLIENT = "0.1.0"  # that the service answers
UNKNOWN_ROUTE = "UnknownRoute"  # the kind of an error: what is asked for is not of this version
_NUMBERS = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?")


@cache
def own_version() -> str:
    return version("automl")


def is_older(one: str, other: str) -> bool:
    """Whether a version is older than another; False where one of them is no version.

    >>> is_older("0.9.1", "0.10"), is_older("1.0.0", "1.0.0"), is_older("new", "1.0")
    (True, False, False)
    """
    first, second = _NUMBERS.match(one), _NUMBERS.match(other)
    if first is None or second is None:
        return False
    return [int(part or 0) for part in first.groups()] < [int(part or 0) for part in second.groups()]
