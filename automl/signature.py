"""What a network is given and must give back, as plain data that a bundle keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Field:
    """One named input tensor of a network, without its batch dimension.

    Args:
        shape: for example ``(n_features,)`` or ``(channels, height, width)``.
        dtype: ``float32`` or ``int64``.
        cardinalities: for codes of categories, how many codes each column has; code 0 stands for
            a category that training never saw.
    """

    shape: tuple[int, ...]
    dtype: Literal["float32", "int64"] = "float32"
    cardinalities: tuple[int, ...] = ()


@dataclass(frozen=True)
class Signature:
    """The input and output sizes of a network.

    It is called with `inputs` by name, each ``(batch, *shape)``, and gives ``(batch, n_outputs)``: logits
    of classes or labels, standardised targets, or a score of anomaly; see `automl.family` for more.

    Args:
        kind: the kind of data, one of `KINDS`, and with it the fields, each left out where there is none:

            - ``table``: ``numeric`` ``(n,)`` and ``categorical`` ``(n,)``
            - ``image``: ``image`` ``(channels, height, width)``
            - ``text``: ``tokens`` ``(n_tokens,)``, filled up with 0; 1 is an unknown token
            - ``audio``: ``wave`` ``(n_samples,)``, filled up with 0, and ``length`` ``()`` in samples where
              lengths differ; `details` has ``sample_rate`` in hertz
            - ``series``: ``series`` ``(channels, n_steps)``, filled up with 0, and ``length`` ``()`` in steps
              where lengths differ
            - ``series`` to forecast: ``past`` ``(channels, look_back)``, its first channels the targets, and
              ``future`` ``(n_known, horizon)`` of what is known ahead; `details` has ``horizon``. Outputs
              are ``(n_targets, horizon)`` in one row.
        details: other sizes that networks need.
    """

    kind: str
    inputs: Mapping[str, Field]
    n_outputs: int
    details: Mapping[str, int] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "inputs": {
                name: {"shape": list(f.shape), "dtype": f.dtype, "cardinalities": list(f.cardinalities)}
                for name, f in self.inputs.items()
            },
            "n_outputs": self.n_outputs,
            "details": dict(self.details),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Signature:
        inputs = {
            name: Field(tuple(f["shape"]), f["dtype"], tuple(f["cardinalities"]))
            for name, f in plain["inputs"].items()
        }
        return cls(plain["kind"], inputs, plain["n_outputs"], plain.get("details", {}))
