"""The fitted preprocessing: plain data that turns rows as they come into what a network is fed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automl.data.kinds import Encoder, all_kinds
from automl.data.raw import RawData
from automl.data.series.forecast_encoder import ForecastEncoder
from automl.data.target import encode_target
from automl.errors import RequestError
from automl.signature import Signature
from automl.task import Array, Task

if TYPE_CHECKING:
    from automl.data.generated.features import Features


@dataclass(frozen=True)
class Preprocessing:
    """How rows are encoded; fitted on the training rows alone.

    Args:
        features: for generation: what rows are compared by.
    """

    task: Task
    encoder: Encoder
    features: Features | None = None

    @property
    def kind(self) -> str:
        """The kind of data."""
        return self.encoder.kind

    @property
    def signature(self) -> Signature:
        """What a network is given, and how many numbers it gives back."""
        kind = "series" if self.task.kind == "forecasting" else self.kind
        return Signature(kind, self.encoder.fields, self.task.n_outputs, self.encoder.details)

    def encode(self, data: Any) -> dict[str, Array]:
        """The fields of the signature, from `RawData` or from what `raw` takes."""
        return self.encoder.encode(self.raw(data))

    def raw(self, data: Any) -> RawData:
        """Rows from what a program holds: a frame, columns by name, arrays, lists of texts or of series.

        Raises:
            DataError: they are of another kind than the model was trained on.
        """
        return all_kinds()[self.kind].from_memory(data, self.encoder)

    def judged(self, raw: RawData) -> tuple[dict[str, Array], Array]:
        """The fields of rows with known targets, and what predictions of them are judged against.

        To judge forecasts, every window of a series is a row.
        """
        if isinstance(self.encoder, ForecastEncoder):
            return self.encoder.windows(raw)
        inputs = self.encoder.encode(raw)
        return inputs, self.encode_target(raw, inputs)

    def encode_target(self, raw: RawData, inputs: Mapping[str, Array] | None = None) -> Array:
        """What predictions are judged against, in the form of `Rows.target`.

        Args:
            inputs: the encoded rows, where they are at hand already.

        Raises:
            DataError: the target is missing, or holds a class that training never saw.
        """
        if self.task.kind == "generation":
            assert self.features is not None
            return self.features(self.encoder.encode(raw) if inputs is None else inputs)
        return encode_target(raw.frame, self.task)

    def decode(self, fields: Mapping[str, Array]) -> RawData:
        """Encoded rows as rows again.

        Raises:
            RequestError: rows of this kind cannot be had back.
        """
        kind = all_kinds()[self.kind]
        if kind.decode is None:
            raise RequestError(
                f"Encoded {self.kind} data cannot be turned back into rows; images and tables can."
            )
        return kind.decode(self.encoder, fields)

    def schema(self) -> list[dict[str, Any]]:
        """What a row to predict must have: one entry a column or field."""
        return self.encoder.schema()

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Values for JSON and arrays by name; `from_plain` makes an equal one of them."""
        plain, arrays = self.encoder.to_plain()
        arrays = {f"encoder.{name}": array for name, array in arrays.items()}
        features: dict[str, Any] | None = None
        if self.features is not None:
            features, own = self.features.to_plain()
            arrays |= {f"features.{name}": array for name, array in own.items()}
        return {
            "kind": self.kind,
            "task": self.task.to_plain(),
            "encoder": plain,
            "features": features,
        }, arrays

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> Preprocessing:
        encoder = all_kinds()[plain["kind"]].restore(plain["encoder"], _under("encoder.", arrays))
        features = plain["features"]
        if features is not None:
            from automl.data.generated.features import Features

            features = Features.from_plain(features, _under("features.", arrays))
        return cls(Task.from_plain(plain["task"]), encoder, features)


def _under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
