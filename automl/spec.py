"""What a user writes (`SearchSpec`), checked strictly; `automl/resolve.py` makes a `Search` of it.

Every default of the product is written once, here, in the field that owns it. A message names the
field and says what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from automl import strict_yaml
from automl.errors import SpecError
from automl.spec_problems import explain, path_of
from automl.task import TaskKind

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

ColumnType = Literal["number", "category", "boolean", "date", "text", "ignore"]

_MOST_PROBLEMS = 10  # that one message names
_MOST = 10**9  # of anything that is counted: what is more is a slip, and overflows somewhere
_LONGEST = 10 * 366 * 86400.0  # seconds
_LEAST_SHARE = 0.01  # of a processor, or of a GPU, for a worker


def _duration(value: Any) -> Any:
    """Seconds from ``90``, ``"90s"``, ``"20m"``, ``"2h"`` or ``"1d"``."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if not match:
            raise ValueError(
                f"must be a time such as 90s, 20m, 2h or 1d, or a number of seconds, but got {value!r}"
            )
        return float(match[1]) * _SECONDS[match[2]]
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _whole_numbers_are_numbers(cls, value: Any) -> Any:
        """Takes 2e3 for a whole number and 2 for a real one, as people mean them."""
        if not isinstance(value, dict):
            return value
        return {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in value.items()}


def _share_or_file(value: Any) -> float | str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ValueError(
            f"must be a share of the rows between 0 and 1, or a file with the rows, but got {value!r}"
        )
    return value


def _first_rung(value: Any) -> int | str:
    if value != "auto" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"must be auto, or a number of epochs from 1 on, but got {value!r}")
    return cast("int | str", value)


Share = Annotated[float | str, PlainValidator(_share_or_file)]


class DataSpec(_Strict):
    """Where the rows come from and how they are to be read."""

    path: str | None = Field(None, description="file or folder")
    name: str | None = Field(None, description="a registered data set; see `automl datasets`")
    openml: int | None = Field(None, description="the number of a data set on openml.org", ge=1, le=_MOST)
    target: str | list[str] | None = Field(None, description="the column to predict, or several")
    kind: Literal["table", "image", "text", "audio", "series"] | None = Field(
        None, description="where the files do not tell: series for a table whose rows or groups are series"
    )
    unlabelled: str | None = Field(
        None, description="file or folder of rows to train on first without labels"
    )
    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] = Field("utf-8", description="of files of text")
    types: dict[str, ColumnType] = Field({}, description="column types that are not to be inferred")
    numbers: Literal["quantile", "standard"] | None = Field(
        None, description="how numeric columns are scaled: to a normal distribution, or linearly; by the task"
    )
    image_size: int | None = Field(None, description="pixels a side; inferred when left out", ge=4, le=1024)
    sample_rate: int | None = Field(
        None, description="hertz that audio is brought to; inferred", ge=1000, le=96_000
    )
    max_seconds: float | None = Field(None, description="of a recording; longer ones are cut", gt=0, le=600)
    vocabulary: int = Field(20_000, description="tokens that texts are cut into, at most", ge=10, le=500_000)
    max_tokens: int | None = Field(
        None, description="of a text; longer ones are cut; inferred", ge=1, le=8192
    )
    max_steps: int | None = Field(
        None, description="of a series; longer ones are thinned out", ge=2, le=65_536
    )
    time: str | None = Field(None, description="the column that says when, for series in a long table")
    series: str | None = Field(None, description="the column that says which series a row belongs to")
    horizon: int | None = Field(None, description="steps to forecast", ge=1, le=10_000)
    look_back: int | None = Field(None, description="steps that a forecast sees; inferred", ge=1, le=20_000)
    season: int | None = Field(
        None, description="steps after which a series repeats itself; inferred", ge=1, le=_MOST
    )
    known: list[str] = Field([], description="columns that are known ahead of time")
    levels: list[float] = Field(
        [0.1, 0.5, 0.9], description="of the quantiles to predict, rising", min_length=1
    )
    max_rows: int | None = Field(None, description="use a random sample of so many rows", ge=10, le=_MOST)
    allow: list[str] = Field([], description="columns that may seem to give the target away")

    def numbers_for(self, task: TaskKind) -> Literal["quantile", "standard"]:
        """How numeric columns are scaled; quantiles would hide what is out of the ordinary."""
        return self.numbers or ("standard" if task == "anomaly" else "quantile")

    @model_validator(mode="after")
    def _one_source(self) -> DataSpec:
        given = [key for key in ("path", "name", "openml") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of path, name, openml, but got {given or 'none'}")
        if any(not 0 < level < 1 for level in self.levels) or sorted(set(self.levels)) != self.levels:
            raise ValueError(f"levels must rise and lie between 0 and 1, but got {self.levels}")
        if isinstance(self.target, list) and len(set(self.target)) < len(self.target):
            raise ValueError("target names each column once")
        return self


class SplitSpec(_Strict):
    """Which rows are for training, validation and test: a share of the rows, or a given file."""

    validation: Share = 0.2
    test: Share = 0.2
    by: str | None = Field(None, description="a column whose values never stand in two splits")
    time: str | None = Field(None, description="a column in whose order the splits follow one another")
    seed: int = Field(0, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _leaves_rows(self) -> SplitSpec:
        shares = [v for v in (self.validation, self.test) if isinstance(v, float | int)]
        if sum(shares) >= 1:
            raise ValueError(f"validation + test must leave rows for training, but sum to {sum(shares):g}")
        if self.by is not None and self.time is not None:
            raise ValueError("give by or time, not both")
        return self


_RUNGS, _NO_RUNGS = "[rungs]", "[none]"  # members of a union, which messages leave out


class RungsSpec(_Strict):
    """Asynchronous successive halving (Li et al., MLSys 2020): when trials are compared, and how hard."""

    first: Annotated[int | Literal["auto"], PlainValidator(_first_rung)] = "auto"
    factor: int = Field(3, ge=2, le=16)


class PolicySpec(_Strict):
    """How configurations are suggested and stopped early."""

    sampler: str = "auto"
    rungs: Annotated[
        Annotated[RungsSpec, Tag(_RUNGS)] | Annotated[Literal["none"], Tag(_NO_RUNGS)],
        Discriminator(lambda value: _NO_RUNGS if isinstance(value, str) else _RUNGS),
    ] = RungsSpec()
    warm_start: Literal["auto", "none"] = "auto"


class BudgetSpec(_Strict):
    """What a search may spend; it ends with whichever comes first."""

    trials: int | None = Field(None, ge=1, le=_MOST)
    epochs: int | None = Field(None, description="of one trial at most", ge=1, le=100_000)
    time: float | None = Field(None, description="of the whole search, refits included", gt=0, le=_LONGEST)
    gpu_hours: float | None = Field(None, gt=0, le=_MOST)
    cpu_hours: float | None = Field(None, gt=0, le=_MOST)
    target: float | None = Field(None, description="stop when a trial's score is this good")
    plateau: int | None = Field(
        None, description="stop after so many trials without a better one", ge=1, le=_MOST
    )

    _time = field_validator("time", mode="before")(_duration)


class ResourcesSpec(_Strict):
    """What runs it; none of this decides a result."""

    workers: int | None = Field(None, description="how many trials train at once; inferred", ge=1, le=4096)
    gpus: float | None = Field(None, description="of each worker; a share is allowed; inferred", ge=0, le=64)
    cpus: float = Field(1, description="of each worker", ge=_LEAST_SHARE, le=1024)
    memory: float | None = Field(None, description="bytes that one worker may take", gt=0)
    hung_after: float = Field(
        600.0, description="seconds without progress until a worker is ended", gt=0, le=_LONGEST
    )
    trial_time: float | None = Field(
        None, description="seconds after which one trial is ended", gt=0, le=_LONGEST
    )

    @field_validator("gpus")
    @classmethod
    def _is_a_share(cls, value: float | None) -> float | None:
        if value is not None and 0 < value < _LEAST_SHARE:
            raise ValueError(f"must be 0, or at least {_LEAST_SHARE}, but got {value!r}")
        return value

    _durations = field_validator("hung_after", "trial_time", mode="before")(_duration)


class FinalistsSpec(_Strict):
    """How many configurations are trained again for the leaderboard, and over how many seeds each."""

    top: int = Field(3, ge=1, le=100)
    seeds: int = Field(3, ge=1, le=100)


class FamilySpec(_Strict):
    """A family by name, or one of the user's own by file, with changes to its space."""

    name: str | None = None
    file: str | None = None
    space: dict[str, Any] = {}
    weights: str | None = Field(None, description="a local safetensors file with starting weights")

    @model_validator(mode="after")
    def _one_origin(self) -> FamilySpec:
        if (self.name is None) == (self.file is None):
            raise ValueError("give exactly one of name, file")
        return self


class SearchSpec(_Strict):
    """A search as a user writes it; see the notation in README.md."""

    spec_version: Literal[1] = 1
    name: str | None = None
    data: DataSpec
    task: Literal[TaskKind, "auto"] = "auto"
    families: list[FamilySpec] = Field([], description="left out: every family that fits")
    space: dict[str, Any] = {}
    queue: list[dict[str, Any]] = Field([], description="configurations to be tried first")
    objectives: list[str] = Field([], description="metrics; several give a Pareto front", max_length=3)
    constraints: dict[str, str] = {}
    search: PolicySpec = PolicySpec()
    budget: BudgetSpec = BudgetSpec()
    resources: ResourcesSpec = ResourcesSpec()
    split: SplitSpec = SplitSpec()
    finalists: FinalistsSpec = FinalistsSpec()
    priority: int = Field(0, ge=-_MOST, le=_MOST)
    seed: int = Field(0, ge=0, lt=2**32)

    @field_validator("name")
    @classmethod
    def _name_is_a_slug(cls, value: str | None) -> str | None:
        if value is not None and not SLUG.fullmatch(value):
            raise ValueError(
                "must be at most 63 lower-case letters, digits, dots, dashes and underscores that begin with a "
                f"letter or digit, but got {value!r}"
            )
        return value

    @field_validator("families", mode="before")
    @classmethod
    def _names_are_families(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [{"name": item} if isinstance(item, str) else item for item in value]
        return value


def read_spec(path: str | Path) -> SearchSpec:
    """The spec in a YAML file; paths in it are relative to the file's folder.

    Raises:
        NotFoundError, SpecError: with the field and what would be right.
    """
    file = Path(path)
    spec = parse_spec(strict_yaml.read_file(file), str(path))
    return _relative_to(spec, file.resolve().parent)


def parse_spec(content: dict[str, Any], name: str = "the spec") -> SearchSpec:
    """The spec that plain data holds.

    >>> parse_spec({"data": {"name": "digits"}, "seeed": 1})
    Traceback (most recent call last):
    automl.errors.SpecError: the spec: seeed is not a key here; did you mean seed?
    """
    try:
        return SearchSpec.model_validate(content)
    except ValidationError as error:
        problems = list(dict.fromkeys(sentence for _, sentence in _explained(error)))
        if len(problems) > _MOST_PROBLEMS:
            problems = [*problems[:_MOST_PROBLEMS], f"and {len(problems) - _MOST_PROBLEMS} more problems."]
        *before, last = problems
        raise SpecError(f"{name}: {'; '.join([*(text.rstrip('.') for text in before), last])}") from None


def problems_of(content: dict[str, Any]) -> list[tuple[list[str], str]]:
    """What is wrong with plain data as a spec, one by one: the path to it, and a sentence; none where it is one.

    >>> problems_of({"data": {"name": "digits"}, "budget": {"trials": 0}})
    [(['budget', 'trials'], 'budget.trials must be at least 1, but got 0.')]
    """
    try:
        SearchSpec.model_validate(content)
    except ValidationError as error:
        return _explained(error)
    return []


def _explained(error: ValidationError) -> list[tuple[list[str], str]]:
    return [(path_of(problem["loc"]), explain(problem, _keys_at)) for problem in error.errors()]


def _keys_at(path: list[str]) -> list[str]:
    model: Any = SearchSpec
    for part in path:
        if part.isdigit():
            continue
        model = {
            "data": DataSpec,
            "split": SplitSpec,
            "search": PolicySpec,
            "rungs": RungsSpec,
            "budget": BudgetSpec,
            "resources": ResourcesSpec,
            "finalists": FinalistsSpec,
            "families": FamilySpec,
        }.get(part, model)
    return list(model.model_fields)


def check_budget(budget: Mapping[str, Any]) -> dict[str, Any]:
    """The bounds of a budget, read as in a spec: ``{"time": "2h"}`` is ``{"time": 7200.0}``.

    Raises:
        SpecError: an unknown bound, or one out of range.
    """
    spec = parse_spec({"data": {"name": "any"}, "budget": dict(budget)}, "the new bounds")
    return {name: getattr(spec.budget, name) for name in budget}


def extend_budget(budget: BudgetSpec, changes: Mapping[str, Any]) -> BudgetSpec:
    """The budget with other bounds: each of `changes` replaces one, or is added to it.

    >>> extend_budget(BudgetSpec(trials=200, time=60), {"trials": "+50", "time": "2h"}).trials
    250

    Raises:
        SpecError: an unknown bound, one out of range, or nothing to add to.
    """
    if changes.get("epochs") is not None:
        raise SpecError(
            "The epochs of a trial decide what a search is, and cannot be changed: begin a new search. What can be "
            "extended is trials, time, gpu_hours, cpu_hours, target and plateau."
        )
    bounds = {}
    for name, value in changes.items():
        adds = isinstance(value, str) and value.startswith("+")
        given = _number(value[1:]) if adds else value
        bound = check_budget({name: given})[name]
        now = getattr(budget, name)
        if adds and (now is None or name == "target"):
            raise SpecError(
                f"The search has no bound on {name} that {value!r} could be added to: give a whole one."
            )
        bounds[name] = now + bound if adds and bound is not None else bound
    kept = {name: bound for name, bound in bounds.items() if bound is not None}
    return BudgetSpec.model_validate({**budget.model_dump(), **check_budget(kept)})


def _number(text: str) -> Any:
    """What is written behind a plus: a number, or a time."""
    try:
        return int(text) if text.isascii() and text.isdecimal() else float(text)
    except ValueError:
        return text


def _relative_to(spec: SearchSpec, folder: Path) -> SearchSpec:
    """The same spec with every local path made absolute, taken from `folder`."""

    def absolute(path: str) -> str:
        if "://" in path:
            return path
        try:
            return str((folder / Path(path).expanduser()).resolve())
        except (OSError, ValueError, RuntimeError) as error:
            raise SpecError(f"{path!r} cannot be a path ({error}); check it.") from error

    return with_paths(spec, absolute)


def with_paths(spec: SearchSpec, change: Callable[[str], str]) -> SearchSpec:
    """The same spec with every path in it, of data, of families and of weights, as `change` gives it."""

    def changed(path: str | None) -> str | None:
        return None if path is None else change(path)

    split = {
        key: change(value)
        for key in ("validation", "test")
        if isinstance(value := getattr(spec.split, key), str)
    }
    families = [
        family.model_copy(update={"file": changed(family.file), "weights": changed(family.weights)})
        for family in spec.families
    ]
    data = spec.data.model_copy(
        update={"path": changed(spec.data.path), "unlabelled": changed(spec.data.unlabelled)}
    )
    return spec.model_copy(
        update={"data": data, "split": spec.split.model_copy(update=split), "families": families}
    )
