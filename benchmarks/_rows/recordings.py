"""Rows on recordings: known speakers, and each speaker in turn as one that training never heard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from automl.student import t_quantile
from benchmarks import _data
from benchmarks._measure import Measure
from benchmarks._rows.judging import measure, reaches
from benchmarks._rows.row import Results, Row, Spec, one


def _spec(folder: Path) -> Spec:
    data = {"path": str(folder), "target": "label"}
    return {"data": data, "task": "classification", "objectives": ["accuracy"]}


def _known_speakers(_data_folder: Path, work: Path) -> Spec:
    return _spec(work / "spoken_digits")


def _unknown_speakers(_data_folder: Path, work: Path) -> Mapping[str, Spec]:
    # Validation rows are of one speaker too, or they would choose what fits known voices best.
    return {
        speaker: _spec(work / f"without_{speaker}") | {"split": {"by": "speaker"}}
        for speaker in _data.SPEAKERS
    }


def _over_speakers(results: Results) -> list[Measure]:
    each = [measure(f"spoken_digits_speaker without {name}", o) for name, o in results.outcomes.items()]
    peers = [one.peer_value for one in each if one.peer_value is not None]
    value = mean(one.value for one in each)
    # Speakers are what a new voice is drawn from, and so the interval of one search says little.
    half = (
        t_quantile(0.975, np.array([len(each) - 1.0]))[0]
        * stdev(one.value for one in each)
        / len(each) ** 0.5
    )
    whole = Measure(
        name=f"spoken_digits_speaker accuracy [{value - half:.5g}, {min(value + half, 1):.5g}], "
        f"mean over {len(each)} speakers left out in turn",
        value=value,
        unit="accuracy",
        peer="the best baseline each",
        peer_value=mean(peers) if len(peers) == len(each) else None,
        repeats=len(each),
        seconds=sum(one.seconds for one in each),
    )
    return [*each, whole]


ROWS = {
    "spoken_digits": Row(one(_known_speakers), reaches("spoken_digits", 0.975), _data.spoken_digits),
    "spoken_digits_speaker": Row(
        _unknown_speakers, _over_speakers, _data.spoken_digits_by_speaker, minutes=60
    ),
}
