"""Which kinds of data each family serves, read from its file: to import it would take torch."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path

from automl import catalog


@cache
def of_family(name: str) -> tuple[str, ...]:
    """The kinds of data that a family of the catalogue says it serves; none where its file says it otherwise.

    >>> of_family("cnn")
    ('image', 'series', 'audio')
    """
    assert name in catalog.names("family")
    package = importlib.util.find_spec("search_spaces")
    assert package is not None
    assert package.submodule_search_locations is not None
    file = Path(next(iter(package.submodule_search_locations)), f"{name}.py")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Family":
            for keyword in node.keywords:
                if keyword.arg == "kinds":
                    return _words(keyword.value)
    return ()


def _words(node: ast.expr) -> tuple[str, ...]:
    try:
        return tuple(map(str, ast.literal_eval(node)))
    except ValueError:
        return ()
