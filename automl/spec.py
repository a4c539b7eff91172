"""What a user writes (`SearchSpec`), checked strictly; `automl/resolve.py` makes a `Search` of it.

Every default of the product is written once, here, in the field that owns it. A message names the
field and says what would be right.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from automl import strict_yaml
from automl.errors import SpecError
from automl.task import TaskKind

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

ColumnType = Literal["number", "category", "boolean", "date", "ignore"]


def _duration(value: Any) -> Any:
    """Seconds from ``90``, ``"90s"``, ``"20m"``, ``"2h"`` or ``"1d"``."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if not match:
            raise ValueError(f"a time is a number of seconds or such as 90s, 20m, 2h, 1d, but got {value!r}")
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


Share = Annotated[float, Field(gt=0, lt=1)]


class DataSpec(_Strict):
    """Where the rows come from and how they are to be read."""

    path: str | None = Field(None, description="file or folder")
    name: str | None = Field(None, description="a registered data set; see `automl datasets`")
    openml: int | None = Field(None, description="the number of a data set on openml.org", ge=1)
    target: str | None = Field(None, description="the column to predict")
    types: dict[str, ColumnType] = Field({}, description="column types that are not to be inferred")
    numbers: Literal["quantile", "standard"] = Field(
        "quantile", description="how numeric columns are scaled: to a normal distribution, or linearly"
    )
    image_size: int | None = Field(None, description="pixels a side; inferred when left out", ge=4, le=1024)
    max_rows: int | None = Field(None, description="use a random sample of so many rows", ge=10)
    allow: list[str] = Field([], description="columns that may seem to give the target away")

    @model_validator(mode="after")
    def _one_source(self) -> DataSpec:
        given = [key for key in ("path", "name", "openml") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of path, name, openml, but got {given or 'none'}")
        return self


class SplitSpec(_Strict):
    """Which rows are for training, validation and test: a share of the rows, or a given file."""

    validation: Share | str = 0.2
    test: Share | str = 0.2
    by: str | None = Field(None, description="a column whose values never stand in two splits")
    time: str | None = Field(None, description="a column in whose order the splits follow one another")
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _leaves_rows(self) -> SplitSpec:
        shares = [v for v in (self.validation, self.test) if isinstance(v, float | int)]
        if sum(shares) >= 1:
            raise ValueError(f"validation + test must leave rows for training, but sum to {sum(shares):g}")
        if self.by is not None and self.time is not None:
            raise ValueError("give by or time, not both")
        return self


class RungsSpec(_Strict):
    """Asynchronous successive halving (Li et al., MLSys 2020): when trials are compared, and how hard."""

    first: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    factor: int = Field(3, ge=2, le=16)


class PolicySpec(_Strict):
    """How configurations are suggested and stopped early."""

    sampler: str = "auto"
    rungs: RungsSpec | Literal["none"] = RungsSpec()
    warm_start: Literal["auto", "none"] = "auto"


class BudgetSpec(_Strict):
    """What a search may spend; it ends with whichever comes first."""

    trials: int | None = Field(None, ge=1)
    epochs: int | None = Field(None, description="of one trial at most", ge=1, le=100_000)
    time: float | None = Field(None, description="of the whole search, refits included", gt=0)
    gpu_hours: float | None = Field(None, gt=0)
    cpu_hours: float | None = Field(None, gt=0)
    target: float | None = Field(None, description="stop when a trial's score is this good")
    plateau: int | None = Field(None, description="stop after so many trials without a better one", ge=1)

    _time = field_validator("time", mode="before")(_duration)


class ResourcesSpec(_Strict):
    """What runs it; none of this decides a result."""

    workers: int | None = Field(None, description="how many trials train at once; inferred", ge=1, le=4096)
    gpus: float | None = Field(None, description="of each worker; a share is allowed; inferred", ge=0, le=64)
    cpus: float = Field(1, description="of each worker", gt=0, le=1024)
    hung_after: float = Field(600.0, description="seconds without progress until a worker is ended", gt=0)
    trial_time: float | None = Field(None, description="seconds after which one trial is ended", gt=0)

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
    task: TaskKind | Literal["auto"] = "auto"
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
    priority: int = 0
    seed: int = Field(0, ge=0, lt=2**32)

    @field_validator("name")
    @classmethod
    def _name_is_a_slug(cls, value: str | None) -> str | None:
        if value is not None and not SLUG.fullmatch(value):
            raise ValueError(
                "a name has lower-case letters, digits, dots, dashes and underscores, begins with a letter or "
                f"digit and has at most 63 of them, but got {value!r}"
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
        problems = [_explain(problem) for problem in error.errors()]
        raise SpecError(f"{name}: {'; '.join(dict.fromkeys(problems))}") from None


def _explain(problem: Any) -> str:
    path = [str(part) for part in problem["loc"] if not _is_internal(part)]
    field = ".".join(path) or "the spec"
    if problem["type"] == "extra_forbidden":
        known = _keys_at(path[:-1])
        close = get_close_matches(path[-1], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are: {', '.join(sorted(known))}."
        return f"{field} is not a key here; {hint}"
    if problem["type"] == "missing":
        return f"{field} is missing."
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    value = problem["input"]
    shown = f", but got {value!r}" if "but got" not in message and not isinstance(value, dict) else ""
    return f"{field}: {message}{shown}."


def _is_internal(part: Any) -> bool:
    """Whether pydantic put it into the path of an error: the name of a member of a union."""
    return isinstance(part, str) and (
        "[" in part or part in ("float", "int", "str", "RungsSpec", "literal", "constrained-int")
    )


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


def _relative_to(spec: SearchSpec, folder: Path) -> SearchSpec:
    """The same spec with every local path made absolute, taken from `folder`."""

    def absolute(path: str | None) -> str | None:
        if path is None or "://" in path:
            return path
        return str((folder / Path(path).expanduser()).resolve())

    split = {
        key: absolute(value)
        for key in ("validation", "test")
        if isinstance(value := getattr(spec.split, key), str)
    }
    families = [
        family.model_copy(update={"file": absolute(family.file), "weights": absolute(family.weights)})
        for family in spec.families
    ]
    return spec.model_copy(
        update={
            "data": spec.data.model_copy(update={"path": absolute(spec.data.path)}),
            "split": spec.split.model_copy(update=split),
            "families": families,
        }
    )
