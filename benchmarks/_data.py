"""The development data as files that the product reads, written where the product does not read them as they are.

Every function takes the folder of the data and one to write into; with `quick` it may write fewer rows. The
names of what it writes are fixed, so that specs can name them.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import polars as pl

ADULT_COLUMNS = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship",
    "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
)  # fmt: skip
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
ETT_ROWS = 14_400  # hours: 12, 4 and 4 months of 30 days (Zhou et al., "Informer", AAAI 2021, section 5)
ANOMALY_SETS = {  # name: file
    "cardio": "6_cardio",
    "pendigits": "28_pendigits",
    "satellite": "30_satellite",
    "thyroid": "38_thyroid",
}
_TEST_INDEX = 5  # recordings 0 to 4 of each digit and speaker are for testing, as the data's authors say
_QUICK_INDEX = 8
_QUICK_IMAGES = 300


def adult(data: Path, work: Path, _quick: bool = False) -> None:
    """The two files with a header, and the same labels in both: the test file's end in a dot."""
    for part in ("train", "test"):
        frame = pl.read_csv(
            data / "adult" / f"adult.{part}", has_header=False, new_columns=list(ADULT_COLUMNS)
        )
        text = pl.col(pl.String).str.strip_chars().str.strip_chars_end(".")
        frame.with_columns(text).write_parquet(work / f"adult_{part}.parquet")


def film_reviews(data: Path, work: Path, _quick: bool = False) -> None:
    """Both classes in one CSV file, in UTF-8; lines end with a line feed and with nothing else."""
    texts, labels = [], []
    for label, ending in (("positive", "pos"), ("negative", "neg")):
        lines = (data / "rt_polarity" / f"rt-polarity.{ending}").read_bytes().decode("latin-1").split("\n")
        found = [line.strip() for line in lines if line.strip()]
        texts += found
        labels += [label] * len(found)
    pl.DataFrame({"text": texts, "label": labels}).write_csv(work / "film_reviews.csv")


def spoken_digits(data: Path, work: Path, quick: bool = False) -> None:
    """The recordings in folders of splits, by index."""
    _recordings(data, work / "spoken_digits", "", quick)


def spoken_digits_by_speaker(data: Path, work: Path, quick: bool = False) -> None:
    """One folder for each speaker, whose recordings are for testing in it."""
    for speaker in SPEAKERS:
        _recordings(data, work / f"without_{speaker}", speaker, quick)


def _recordings(data: Path, folder: Path, left_out: str, quick: bool) -> None:
    """Folders ``train`` and ``test`` with a ``metadata.csv`` each; test is a speaker, or the first indices."""
    rows: dict[str, list[dict[str, str | int]]] = {"train": [], "test": []}
    for split in rows:
        (folder / split).mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(data / "fsdd" / "fsdd_recordings.zip") as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".wav")):
            digit, speaker, index = Path(name).stem.split("_")
            is_test = speaker == left_out if left_out else int(index) < _TEST_INDEX
            if quick and int(index) >= (1 if left_out else _QUICK_INDEX):
                continue
            split = "test" if is_test else "train"
            file = Path(name).name
            (folder / split / file).write_bytes(archive.read(name))
            rows[split].append({"file_name": file, "label": digit, "speaker": speaker, "index": int(index)})
    for split, listed in rows.items():
        pl.DataFrame(listed).write_csv(folder / split / "metadata.csv")


def transformer_load(data: Path, work: Path, _quick: bool = False) -> None:
    """The hours that published results are about; the rest of the file is left out."""
    lines = (data / "ett" / "ETTh1.csv").read_text().splitlines(keepends=True)
    (work / "ETTh1.csv").write_text("".join(lines[: ETT_ROWS + 1]))


def anomalies(data: Path, work: Path, _quick: bool = False) -> None:
    """One table for each set, its columns x0, x1, ... and ``label``, 1 where a row is anomalous."""
    for name, stem in ANOMALY_SETS.items():
        # Pickled objects run code; these files are known, and nobody else's are read here.
        with np.load(data / "anomaly" / f"{stem}.npz", allow_pickle=True) as file:
            x, y = file["X"].astype(np.float64), file["y"].astype(np.int64).reshape(-1)
        frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(x.shape[1])})
        frame.with_columns(label=pl.Series(y)).write_parquet(work / f"{name}.parquet")


def partly_labelled_images(data: Path, work: Path, quick: bool, share: float) -> None:
    """Fashion-MNIST with the labels of `share` of its training rows, and the images of the rest.

    ``labelled.npz`` has these and the official test rows. ``unlabelled.npz`` has the others with one and the
    same label, which says nothing; where all have labels, it has all the images once more.
    """
    with np.load(data / "fashion_mnist" / "fashion_mnist.npz") as file:
        x, y, x_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    order = np.random.default_rng(0).permutation(len(x))
    n_labelled = max(1, round(share * len(x)))
    labelled, rest = order[:n_labelled], order[n_labelled:] if n_labelled < len(x) else order
    if quick:
        labelled, rest = labelled[:_QUICK_IMAGES], rest[:_QUICK_IMAGES]
        x_test, y_test = x_test[:_QUICK_IMAGES], y_test[:_QUICK_IMAGES]
    np.savez(work / "labelled.npz", x_train=x[labelled], y_train=y[labelled], x_test=x_test, y_test=y_test)
    np.savez(work / "unlabelled.npz", x=x[rest], y=np.zeros(len(rest), np.uint8))
