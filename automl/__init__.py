"""Distributed search and benchmarking of deep-learning models.

>>> import automl
>>> result = automl.search("digits", budget={"time": "2m"})  # doctest: +SKIP
>>> result.leaderboard()  # doctest: +SKIP
>>> model = automl.load(result.pull("model/"))  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.api import leaderboard, load, pull, resume, search, trials

__all__ = ["leaderboard", "load", "pull", "resume", "search", "trials"]


def __getattr__(name: str) -> Any:
    """Imports the public functions when they are first used, so that ``import automl`` is light."""
    if name in __all__:
        from automl import api

        return getattr(api, name)
    raise AttributeError(f"module 'automl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
