"""Every error that we raise, one class for each different reaction of the caller.

::

    AutoMLError                   anything of ours; exit status 1
    ├── RequestError              the request was wrong: change it; exit status 2
    │   ├── SpecError             a spec, an option or a configuration
    │   ├── DataError             a file or the values in it
    │   ├── NotFoundError         a name or id that does not exist
    │   ├── TokenError            a token that the service does not know, or does not know any more: sign in again
    │   └── BundleError           a model on disk that is incomplete, altered or of another kind
    ├── UnreachableError          the store or the cluster is not there; exit status 3
    ├── StorageError              the store failed in the middle of work: stop, lose nothing, resume later
    ├── AlreadyRecorded           a second writer of one record: it lost, and that is all
    ├── Superseded                a later term of the search is at work: this driver ends
    └── TrialFailure              one trial ended without a score, for a reason of the closed list

A message is one paragraph: what was expected, what came, what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

REASONS = (
    "diverged",
    "out_of_memory_gpu",
    "out_of_memory_host",
    "timeout",
    "hung",
    "lost_worker",
    "lost_node",
    "preempted",
    "bad_data",
    "bad_checkpoint",
    "storage",
    "error",
    "cancelled",
)


MOST_NAMES = 20  # in one message
_MOST_CHARACTERS = 2000  # of one message
_END = 300  # of these, from its end, which says what to do
# What a terminal obeys, what turns the order of signs around, and halves of pairs, which no file can hold.
_UNSHOWN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class AutoMLError(Exception):
    """Root of every error that the project raises on purpose."""

    exit_status = 1

    def __str__(self) -> str:
        return shown(super().__str__())


class RequestError(AutoMLError):
    """The request was wrong; nothing was done."""

    exit_status = 2


class SpecError(RequestError):
    """A spec, an option or a configuration is not valid."""


class DataError(RequestError):
    """A data file cannot be used as it is."""


class NotFoundError(RequestError):
    """A search, trial, family, data set or file of that name does not exist."""


class BundleError(RequestError):
    """A bundle is incomplete, altered, or does not fit what was asked of it."""


class TokenError(RequestError):
    """The service takes this token for nobody's: it is none, or has expired or been revoked."""


class UnreachableError(AutoMLError):
    """The store or the cluster cannot be reached."""

    exit_status = 3


class StorageError(AutoMLError):
    """The store failed while a search ran: the disk is full, or the folder is gone."""


class AlreadyRecorded(AutoMLError):
    """Another writer recorded this attempt first; its record counts, this one does not."""


class Superseded(AutoMLError):
    """A later term of the same search has begun; the earlier driver must end."""


class TrialFailure(AutoMLError):
    """One trial ended without a score.

    Args:
        reason: one of `REASONS`.
        message: what happened, in a sentence.
    """

    def __init__(self, reason: str, message: str) -> None:
        assert reason in REASONS, reason
        super().__init__(message)
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type[TrialFailure], tuple[str, str]]:
        return (type(self), (self.reason, self.message))


def shown(message: str) -> str:
    """The message as a terminal, a page or a log may show it, whatever names and values it repeats.

    >>> shown("no file \\x1b[31mred")
    'no file \\\\x1b[31mred'
    """
    if len(message) > _MOST_CHARACTERS:
        message = f"{message[: _MOST_CHARACTERS - _END]} ... {message[-_END:]}"
    return _UNSHOWN.sub(lambda found: ascii(found[0])[1:-1], message)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest known name, or what there is when none is close.

    >>> nearest("learning_rat", ["learning_rate", "depth"])
    'did you mean learning_rate?'
    >>> nearest("zzz", ["b", "a"])
    'known are: a, b.'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name[:_END], names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"known are: {', '.join(names[:MOST_NAMES])}{more}." if names else "there are none."
