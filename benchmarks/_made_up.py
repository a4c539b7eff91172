"""Small data of kinds that scikit-learn bundles none of: texts, recordings, series and a long series of hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

_N_ROWS, _N_CLASSES = 600, 3
_RATE = 8000  # hertz
_SECONDS = 0.25
_STEPS = 64
_HOURS = 1500


def texts(work: Path) -> None:
    """``texts.csv``: sentences of random words, some of which each class has more often."""
    random = np.random.default_rng(0)
    words = np.array(["".join(random.choice(list("abcdefghij"), 5)) for _ in range(200)])
    labels = random.integers(0, _N_CLASSES, _N_ROWS)
    sentences = []
    for label in labels:
        common = words[random.integers(0, len(words), 12)]
        own = words[random.integers(10 * label, 10 * label + 10, 4)]
        sentences.append(" ".join(random.permutation(np.concatenate([common, own]))))
    pl.DataFrame({"text": sentences, "label": [f"class{i}" for i in labels]}).write_csv(work / "texts.csv")


def recordings(work: Path) -> None:
    """``recordings/``: one folder a class with noisy tones of its pitch."""
    import soundfile

    random = np.random.default_rng(0)
    times = np.arange(int(_RATE * _SECONDS)) / _RATE
    for number in range(_N_ROWS // 2):
        label = number % _N_CLASSES
        pitch = 300 * (label + 1) * random.uniform(0.9, 1.1)
        wave = 0.3 * np.sin(2 * np.pi * pitch * times) + 0.2 * random.normal(size=len(times))
        folder = work / "recordings" / f"class{label}"
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{number}.wav", np.clip(wave, -1, 1), _RATE)


def series(work: Path) -> None:
    """``waves.ts``: noisy waves, whose class is their frequency."""
    random = np.random.default_rng(0)
    steps = np.arange(_STEPS)
    lines = ["@problemName waves", "@univariate true", f"@classLabel true {' '.join('012')}", "@data"]
    for number in range(_N_ROWS):
        label = number % _N_CLASSES
        phase = random.uniform(0, 2 * np.pi)
        values = np.sin(steps * (label + 2) / 10 + phase) + 0.5 * random.normal(size=_STEPS)
        lines.append(",".join(f"{value:.4f}" for value in values) + f":{label}")
    (work / "waves.ts").write_text("\n".join(lines) + "\n")


def hours(work: Path) -> None:
    """``hours.csv``: one number for each hour, with a day's course and noise."""
    random = np.random.default_rng(0)
    steps = np.arange(_HOURS)
    values = 10 + 3 * np.sin(2 * np.pi * steps / 24) + steps / 500 + 0.5 * random.normal(size=_HOURS)
    times = [datetime(2024, 1, 1) + timedelta(hours=int(step)) for step in steps]
    pl.DataFrame({"time": times, "load": values}).write_csv(work / "hours.csv")
