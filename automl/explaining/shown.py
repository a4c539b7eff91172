"""A row and what each part of it adds, in the words of its data: columns, pixels, tokens, samples, steps.

One class for each kind of data. `parts` are what is hidden where occlusion has to serve; the two others turn
encoded numbers into what `json.dumps` takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from automl.data.raw import RawData
from automl.explaining.items import Images, Tables, Texts
from automl.explaining.occlusion import Fields, Part
from automl.explaining.signals import Forecasts, Series, Sounds
from automl.predictor import Predictor


class Shown(Protocol):
    """How rows of one kind of data are shown; `row` is encoded, without the dimension of rows."""

    start: str  # where the path of integrated gradients begins
    hidden: str  # what occlusion does to a part

    def parts(self, row: Fields) -> Iterator[Part]: ...
    def input(self, row: Fields, raw: RawData | None, place: int) -> Any: ...
    def attribution(self, row: Fields, parts: Fields) -> Any: ...


def shown_of(model: Predictor) -> Shown:
    """How the rows of a model are shown."""
    encoder = model.preprocessing.encoder
    if model.task.kind == "forecasting":
        return Forecasts(encoder)
    return _BY_KIND[model.signature.kind](encoder)  # type: ignore[no-any-return]


_BY_KIND: Mapping[str, Any] = {
    "table": Tables,
    "image": Images,
    "text": Texts,
    "audio": Sounds,
    "series": Series,
}
