"""What Python users call: `search`, `resume`, `leaderboard`, `trials`, `pull`, `load`.

The command line calls the same functions, so the two cannot drift.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from automl.errors import NotFoundError, RequestError, SpecError, nearest
from automl.spec import SearchSpec, extend_budget, parse_spec, read_spec

if TYPE_CHECKING:
    import polars as pl

    from automl.execution.executor import Executor
    from automl.predictor import Predictor
    from automl.remote import Remote
    from automl.resolved import Search
    from automl.results import Results
    from automl.run import Outcome, Watch
    from automl.store import Place, Store

_FOLLOW_SECONDS = 2.0  # between two looks at logs
T = TypeVar("T")
Source = str | Path | Mapping[str, Any] | SearchSpec


@dataclass(frozen=True)
class SearchResult:
    """A search that ran, and where its results are.

    Args:
        state: ``complete``, ``stopped`` (it can be resumed) or ``failed``.
    """

    search_id: str
    state: str
    message: str | None
    store: Store

    def leaderboard(self) -> pl.DataFrame:
        """Finalists and baselines on the test rows, ranked."""
        return leaderboard(self.search_id, store=str(self.store))

    def trials(self) -> pl.DataFrame:
        """Every trial, best first."""
        return trials(self.search_id, store=str(self.store))

    def pull(self, folder: str | Path) -> Path:
        """Copies the best model to a new folder, verified."""
        return pull(self.search_id, folder, store=str(self.store))


def spec_of(source: Source, target: str | list[str] | None = None, **options: Any) -> SearchSpec:
    """The spec that `source` means: a spec file, a data file or folder, a registered name, or a spec.

    Args:
        source: ``houses.yaml``, ``houses.csv``, ``digits``, ``openml:31``, a mapping or a `SearchSpec`.
        target: the column to predict, or several, where `source` is data.
        options: fields of the spec, for example ``budget={"time": "5m"}``.
    """
    if isinstance(source, SearchSpec):
        return parse_spec({**_given(source), **options}) if options else source
    if isinstance(source, Mapping):
        return parse_spec({**source, **options})
    text = str(source)
    if text.endswith((".yaml", ".yml")):
        spec = read_spec(text)
        changes = options | ({"data": {**_given(spec.data), "target": target}} if target is not None else {})
        return parse_spec({**_given(spec), **changes}, text) if changes else spec
    data: dict[str, Any] = {} if target is None else {"target": target}
    if text.startswith("openml:"):
        number = text.removeprefix("openml:")
        if not number.isdecimal():
            raise SpecError(f"openml: is followed by the number of a data set, but got {text!r}.")
        data["openml"] = int(number)
    elif os.path.exists(text):
        data["path"] = str(Path(text).resolve())
    else:
        data["name"] = _registered(text)
    return parse_spec({"data": data, **options}, text)


def search(
    source: Source,
    target: str | list[str] | None = None,
    *,
    store: str | Path | None = None,
    executor: Executor | None = None,
    watch: Watch | None = None,
    announce: Callable[[Search, list[str], str], None] | None = None,
    **options: Any,
) -> SearchResult:
    """Searches for the best model; the same search again goes on with it.

    Args:
        store: folder or URL; ``AUTOML_STORE``, then ``./automl-store`` when left out.
        executor: where trials run; Ray, embedded or at ``RAY_ADDRESS``, when left out.
        watch: called with the search and its progress about once a second.
        announce: called once, before the first trial, with the search, what was inferred of the
            data, and the file that holds the whole spec.

    Raises:
        RequestError: the spec or the data is not right; nothing was written.
    """
    from automl.execution import default_executor, machine_at
    from automl.run import plan_search, run_search
    from automl.store import open_store

    spec = spec_of(source, target, **options)
    address = os.environ.get("RAY_ADDRESS")
    resolved, prepared = plan_search(spec, machine_at(address))
    opened = open_store(store, create=True)
    opened.check_writable()
    file = opened.create_search(resolved.search_id, resolved.to_plain()).place / "spec.yaml"
    _write_spec(resolved, file)
    if announce is not None:
        announce(resolved, list(prepared.notes), str(file))
    runner = executor or default_executor(str(opened), address)
    return _result(run_search(resolved, prepared, opened, runner, watch), opened)


def resume(
    search_id: str,
    *,
    store: str | Path | None = None,
    executor: Executor | None = None,
    watch: Watch | None = None,
    **budget: Any,
) -> SearchResult:
    """Goes on with a search where it was; `budget` (trials, time, ...) replaces its bounds, ``"+50"`` adds to one.

    Raises:
        NotFoundError: there is no such search.
        SpecError: the budget has an unknown bound, or one out of range.
    """
    from automl.execution import default_executor
    from automl.run import load_search, prepare_again, run_search, with_budget
    from automl.store import open_store

    opened = open_store(store)
    resolved, _ = load_search(opened, search_id)
    given = {name: value for name, value in budget.items() if value is not None}
    extended = extend_budget(resolved.spec.budget, given)
    resolved = with_budget(resolved, **extended.model_dump())
    prepared = prepare_again(resolved, opened)
    runner = executor or default_executor(str(opened), os.environ.get("RAY_ADDRESS"))
    return _result(run_search(resolved, prepared, opened, runner, watch), opened)


def leaderboard(
    search_id: str | None = None,
    *,
    dataset: str | None = None,
    metric: str | None = None,
    store: str | Path | None = None,
) -> pl.DataFrame:
    """Finalists and baselines on the test rows, with 95 % intervals; equal ones share a rank.

    Raises:
        NotFoundError: no such search, data set or metric.
    """
    return _asked(store).leaderboard(search_id, dataset=dataset, metric=metric)


def trials(search_id: str, *, store: str | Path | None = None) -> pl.DataFrame:
    """Every ended attempt of a search, best first."""
    return _asked(store).trials(search_id)


def searches(search_id: str | None = None, *, store: str | Path | None = None) -> pl.DataFrame:
    """One row a search, the latest first; or the one of that id.

    Raises:
        NotFoundError: there is no such search.
    """
    return _asked(store).searches(search_id)


def status(search_id: str, *, store: str | Path | None = None) -> dict[str, Any]:
    """How far a search is; see `results.Results.status`.

    Raises:
        NotFoundError: there is no such search.
    """
    return _asked(store).status(search_id)


def attempts(search_id: str, work: str, *, store: str | Path | None = None) -> list[dict[str, Any]]:
    """How each attempt at a trial (``17``) or a refit (``17-0``) ended; see `results.Results.attempts`."""
    return _asked(store).attempts(search_id, work)


def attempt_logs(
    search_id: str, work: str, *, store: str | Path | None = None, follow: bool = False
) -> Iterator[str]:
    """What the workers say of one trial (``17``) or refit (``17-0``), line by line.

    Args:
        follow: goes on with what is added, until it is interrupted.

    Raises:
        NotFoundError: there is no such search.
    """
    asked = _asked(store)

    def read(name: str, offset: int) -> tuple[str, int]:
        return asked.attempt_lines(search_id, name, offset, work)

    for _, lines in _pieces(lambda: asked.log_names(search_id), read, follow):
        yield from lines.splitlines()


def logs(
    search_id: str, *, store: str | Path | None = None, follow: bool = False
) -> Iterator[tuple[str, bytes]]:
    """What the driver and the workers of a search say, piece by piece: the name of a log, and lines of it.

    Args:
        follow: goes on with what is added, until it is interrupted.

    Raises:
        NotFoundError: there is no such search.
    """
    asked = _asked(store)

    def read(name: str, offset: int) -> tuple[bytes, int]:
        part = asked.log_part(search_id, name, offset)
        return part, offset + len(part)

    yield from _pieces(lambda: asked.log_names(search_id), read, follow)


def _pieces(
    names: Callable[[], list[str]], read: Callable[[str, int], tuple[T, int]], follow: bool
) -> Iterator[tuple[str, T]]:
    """What each log holds, part by part, until all are read; or for ever.

    Args:
        read: gives what a log holds from an offset on, and the offset of the part after that.
    """
    offsets: dict[str, int] = {}
    while True:
        quiet = True
        for name in names():
            offset = offsets.get(name, 0)
            part, offsets[name] = read(name, offset)
            if offsets[name] != offset:
                quiet = False
                yield name, part
        if quiet:
            if not follow:
                return
            time.sleep(_FOLLOW_SECONDS)


def pull(which: str, folder: str | Path, *, store: str | Path | None = None, onnx: bool = False) -> Path:
    """Copies a model to a new folder and verifies it there.

    Args:
        which: a search (its best finalist, chosen by validation), ``SEARCH/17`` (a trial) or
            ``SEARCH/17-0`` (a refit).

    Raises:
        NotFoundError: there is no such model, or its bundle was not kept.
    """
    destination = Path(folder)
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise RequestError(f"{destination} exists and is not empty; name a new folder to pull into.")
    _asked(store).pull(which, destination)
    if onnx:
        from automl.onnx_export import export_onnx

        export_onnx(destination)
    return destination


def load(folder: str | Path, family: Any = None) -> Predictor:
    """The model in a bundle: a `Predictor` with `predict`, `predict_proba`, `input_schema`.

    Args:
        family: for a model of a user's own family, that `Family` or the file that defines it.
    """
    from automl import bundle
    from automl.catalog import family_from_file

    own = family_from_file(family) if isinstance(family, str | Path) else family
    return bundle.load(Path(folder), family=own)


def _asked(store: str | Path | None) -> Results | Remote:
    from automl.results import results_of

    return results_of(store)


def _result(outcome: Outcome, store: Store) -> SearchResult:
    return SearchResult(outcome.search_id, outcome.state, outcome.message, store)


def _registered(name: str) -> str:
    from automl import catalog

    if name not in catalog.names("data set"):
        raise NotFoundError(
            f"There is no file or folder {name}; check the path. Nor is a data set of that name registered: "
            f"{nearest(name, catalog.names('data set'))}"
        )
    return name


def _given(model: Any) -> dict[str, Any]:
    plain: dict[str, Any] = model.model_dump(mode="json", exclude_unset=True)
    return plain


def _write_spec(search: Search, place: Place) -> None:
    """Writes the spec that a search means, every default filled in; running it is the same search."""
    import yaml

    plain = search.spec.model_dump(mode="json", exclude_none=True)
    place.write_over(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).encode())
