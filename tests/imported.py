"""What each module imports, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("automl", "search_spaces", "benchmarks", "dashboard")


@dataclass(frozen=True)
class Import:
    """One name that a module imports; `place` is "module", "function" or "typing"."""

    target: str
    line: int
    place: str

    @property
    def root(self) -> str:
        return self.target.partition(".")[0]


@dataclass(frozen=True)
class Module:
    name: str
    imports: tuple[Import, ...]

    @property
    def part(self) -> str:
        """The file or folder of the package that it is in."""
        return (self.name + ".").split(".")[1]

    def run(self) -> list[Import]:
        """What is imported when it runs, not only for type checkers."""
        return [one for one in self.imports if one.place != "typing"]


def parse(name: str, source: str, is_package: bool = False) -> Module:
    return Module(name, tuple(_imports(ast.parse(source), name, is_package)))


def _imports(node: ast.AST, name: str, is_package: bool, place: str = "module") -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, place) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            if child.level:
                up = name.split(".")[: len(name.split(".")) - child.level + is_package]
                base = ".".join([*up, base]).rstrip(".")
            yield from (Import(f"{base}.{alias.name}", child.lineno, place) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for part in child.body:
                yield from _imports(ast.Module([part], []), name, is_package, "typing")
            for part in child.orelse:
                yield from _imports(ast.Module([part], []), name, is_package, place)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(
                child, name, is_package, "function" if inside and place == "module" else place
            )


def all_modules() -> list[Module]:
    found = []
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(parse(name, file.read_text(encoding="utf-8"), is_package))
    return found
