"""Texts: columns that hold them, files of them, their tokens, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.data import Prepared, Preprocessing, prepare, read, read_for_prediction
from automl.data.raw import RawData
from automl.data.texts import tokens
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec

N = 40
GOOD = [f"a film of some charm and wit , number {i} of the best ones" for i in range(N // 2)]
BAD = [f"not for me , I am afraid : it was dull for {i} minutes" for i in range(N // 2)]
TEXTS = [text for pair in zip(GOOD, BAD, strict=True) for text in pair]


def table(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"review": TEXTS, "mood": ["good", "bad"] * (N // 2), **columns})


def ready(tmp_path: Path, frame: pl.DataFrame, **data: Any) -> Prepared:
    path = tmp_path / "data.csv"
    frame.write_csv(path)
    return prepare(DataSpec(path=str(path), **{"target": "mood", **data}), SplitSpec(), "auto")


def refused(tmp_path: Path, frame: pl.DataFrame, **data: Any) -> str:
    with pytest.raises(DataError) as caught:
        ready(tmp_path, frame, **data)
    return str(caught.value)


def restored(prepared: Prepared) -> Preprocessing:
    plain, arrays = prepared.preprocessing.to_plain()
    return Preprocessing.from_plain(json.loads(json.dumps(plain)), arrays)


def raw_of(path: Path, **options: Any) -> RawData:
    return read(DataSpec(path=str(path), **options))


def test_a_column_of_text_is_tokens(tmp_path: Path) -> None:
    prepared = ready(tmp_path, table())
    field = prepared.signature.inputs["tokens"]
    assert (prepared.signature.kind, field.shape, field.dtype) == ("text", (15,), "int64")
    ids = prepared.train.inputs["tokens"]
    assert (ids.dtype, ids.shape) == (np.int64, (len(prepared.train), 15))
    assert ids.max() < field.cardinalities[0]
    assert prepared.notes[:2] == ("the text is review", "task: classification, as mood is not a number")
    assert prepared.notes[2] == f"texts of at most 15 tokens, from a vocabulary of {field.cardinalities[0]}"


def test_other_columns_are_left_out_aloud(tmp_path: Path) -> None:
    extra = {"stars": np.random.default_rng(0).integers(1, 6, N), "id": range(N)}
    assert ready(tmp_path, table(**extra)).notes[0] == (
        "the text is review; left out beside it: stars; to keep the table instead, set data: {types: {review: "
        "ignore}}"
    )
    prepared = ready(tmp_path, table(**extra), types={"review": "ignore"})
    assert prepared.signature.kind == "table"


def test_a_table_with_notes_beside_many_columns_stays_a_table(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    prepared = ready(tmp_path, table(**{f"x{i}": random.normal(size=N) for i in range(9)}))
    assert prepared.signature.kind == "table"
    assert prepared.notes[0] == (
        "review looks like free text, which a table leaves aside, as 9 other columns can be used; to use the text "
        "instead, set data: {types: {review: text}}"
    )
    assert ready(tmp_path, table(x=[1.5] * N), types={"review": "text"}).signature.kind == "text"


@pytest.mark.parametrize(
    "values",
    [
        [f"Braund, Mr. Owen Harris Junior {i}" for i in range(N)],
        [f"{i} Old Mill Road, Springfield, IL 627{i}" for i in range(N)],
        [f"{i} old mill road 62{i} 12 springfield" for i in range(N)],
        [f"ab-{i:05}-cd" for i in range(N)],
        [f"item number {i}" for i in range(N)],
        [f"this is one of four sentences {i // 2 % 2}" for i in range(N)],
        [f"2024-01-01 10:00:{i:02}" for i in range(N)],
        [f"{i} {i + 1} {i + 2} {i + 3} {i + 4} {i + 5}" for i in range(N)],
    ],
)
def test_names_and_addresses_and_identifiers_are_no_text(tmp_path: Path, values: list[str]) -> None:
    frame = table(x=np.random.default_rng(0).normal(size=N)).with_columns(pl.Series("review", values))
    assert ready(tmp_path, frame).signature.kind == "table"


@pytest.mark.parametrize(
    "words", ["фильм про любовь и про то как живут люди", "यह फिल्म बहुत ही अच्छी थी और लंबी"]
)
def test_text_of_other_scripts_is_text(tmp_path: Path, words: str) -> None:
    frame = table().with_columns(
        pl.Series("review", [f"{words} {'аб'[i % 2]}{words[i % 7]}{i}" for i in range(N)])
    )
    assert ready(tmp_path, frame).signature.kind == "text"


def test_several_columns_are_joined_aloud(tmp_path: Path) -> None:
    titles = [f"on the merits of film number {i}" for i in range(N)]
    prepared = ready(tmp_path, table(title=titles))
    assert prepared.notes[0] == "the text is review, title, joined by [SEP]"
    assert [entry["name"] for entry in prepared.preprocessing.schema()] == ["review", "title"]
    encoded = prepared.preprocessing.encode({"review": ["a film"], "title": ["number 1"]})["tokens"]
    assert (encoded[0] == 2).sum() == 1


def test_text_can_be_asked_for(tmp_path: Path) -> None:
    frame = table().with_columns(pl.Series("review", ["yes", "no", "no", "yes"] * (N // 4)))
    assert ready(tmp_path, frame).signature.kind == "table"
    assert ready(tmp_path, frame, types={"review": "text"}).signature.kind == "text"
    assert ready(tmp_path, frame, kind="text").signature.inputs["tokens"].shape == (2,)


@pytest.mark.parametrize(
    ("frame", "data", "message"),
    [
        (
            table(),
            {"types": {"review": "text"}, "kind": "table"},
            "data.types gives review the type text, but data.kind is table. Leave one out.",
        ),
        (
            pl.DataFrame({"a": ["x"] * N, "b": ["y"] * N, "mood": ["good", "bad"] * (N // 2)}),
            {"kind": "text"},
            "data.kind is text, but no column of data looks like free text. Say which is: data: {types: {COLUMN: "
            "text}}.",
        ),
        (
            table(text=[1.5] * N),
            {},
            "data has a column text that is not its text, which is review. Rename it, or give it the type text too.",
        ),
        (
            table().with_columns(review=pl.lit("")),
            {"types": {"review": "text"}},
            "Every training text of data is empty. Choose another column, or check the files.",
        ),
    ],
)
def test_what_cannot_be_text_is_refused(
    tmp_path: Path, frame: pl.DataFrame, data: dict[str, Any], message: str
) -> None:
    assert refused(tmp_path, frame, **data) == message


def test_empty_and_short_texts_are_kept(tmp_path: Path) -> None:
    texts = ["" if i < 20 else "a" if i % 2 else "b" for i in range(N)]
    prepared = ready(tmp_path, table(review=texts), types={"review": "text"})
    n_empty = sum(int(i) < 20 for i in prepared.train.index)
    assert (
        f"{n_empty} of {len(prepared.train)} training texts are empty; each counts as one unknown token"
        in prepared.notes
    )
    one, two, none = prepared.preprocessing.encode(["a", "b", ""])["tokens"]
    assert none.tolist() == [1, 0]
    assert min(one[0], two[0]) > 1
    assert one[0] != two[0]


def test_long_texts_are_cut_aloud(tmp_path: Path) -> None:
    frame = table().with_columns(pl.Series("review", [text * 30 for text in TEXTS]))
    prepared = ready(tmp_path, frame)
    n_train = len(prepared.train)
    assert prepared.signature.inputs["tokens"].shape == (256,)
    assert (
        f"cut {n_train} of {n_train} training texts to 256 tokens; data.max_tokens keeps more"
        in prepared.notes
    )
    assert ready(tmp_path, frame, max_tokens=400).signature.inputs["tokens"].shape == (400,)


def test_the_vocabulary_is_as_large_as_asked(tmp_path: Path) -> None:
    for size in (10, 50):
        prepared = ready(tmp_path, table(), vocabulary=size)
        assert prepared.signature.inputs["tokens"].cardinalities[0] <= size


def test_the_vocabulary_is_the_same_in_every_process() -> None:
    words = [f"word{i * 7919 % 1000:03} some more of it" for i in range(300)]
    program = f"from automl.data.texts.tokens import learn; print(learn({words!r}, 500))"
    found = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert found == {f"{tokens.learn(words, 500)}\n"}


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_any_text_is_encoded(texts: list[str]) -> None:
    vocabulary = tokens.learn(texts, 30)
    ids = tokens.padded_ids(texts, vocabulary, 7)
    assert ids.shape == (len(texts), 7)
    assert (ids[:, 0] > 0).all()
    assert ids.max() < len(vocabulary)


def test_rows_to_predict_are_encoded_as_in_training(tmp_path: Path) -> None:
    prepared = ready(tmp_path, table())
    preprocessing = restored(prepared)
    assert preprocessing == prepared.preprocessing
    found = read_for_prediction(tmp_path / "data.csv", preprocessing)
    encoded = preprocessing.encode(found)["tokens"]
    np.testing.assert_array_equal(encoded[prepared.test.index], prepared.test.inputs["tokens"])
    target = preprocessing.encode_target(found)
    np.testing.assert_array_equal(target[prepared.test.index], prepared.test.target)
    (tmp_path / "one.txt").write_text(f"\ufeff{TEXTS[0]}\n")
    (tmp_path / "some.jsonl").write_text("\n".join(json.dumps({"review": text}) for text in TEXTS))
    (tmp_path / "in/good").mkdir(parents=True)
    (tmp_path / "in/good/0.txt").write_text(TEXTS[0])
    for name, n_rows in (("one.txt", 1), ("some.jsonl", N), ("in", 1)):
        again = read_for_prediction(tmp_path / name, preprocessing)
        np.testing.assert_array_equal(preprocessing.encode(again)["tokens"], encoded[:n_rows])
    assert preprocessing.encode_target(read_for_prediction(tmp_path / "in", preprocessing)).tolist() == [1]
    for data in (
        TEXTS,
        np.array(TEXTS),
        table(),
        table().lazy(),
        {"review": TEXTS},
        pl.DataFrame({"text": TEXTS}),
    ):
        np.testing.assert_array_equal(preprocessing.encode(data)["tokens"], encoded)
    np.testing.assert_array_equal(preprocessing.encode(TEXTS[0])["tokens"], encoded[:1])
    assert preprocessing.encode("half a pair \ud83d of surrogates")["tokens"].shape == (1, 15)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"reviews": ["a"]},
            "The data needs the column 'review', which holds the text, but does not have it; did you mean reviews?",
        ),
        ([1], "Texts are given as a list of str, or as a frame with a column of them, but a int came."),
        (
            [],
            "Texts are given as a list of str, or as a frame with a column of them, but an empty list came.",
        ),
    ],
)
def test_other_things_in_memory_are_refused(tmp_path: Path, data: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        ready(tmp_path, table()).preprocessing.encode(data)
    assert str(caught.value) == message


def test_a_folder_of_texts_is_trained_on(tmp_path: Path) -> None:
    for i, text in enumerate(TEXTS):
        path = tmp_path / "in" / ("good", "bad")[i % 2] / f"{i:02}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    raw = raw_of(tmp_path / "in")
    assert (raw.kind, raw.target, raw.frame.columns) == ("text", "label", ["label", "text"])
    prepared = prepare(DataSpec(path=str(tmp_path / "in")), SplitSpec(), "auto")
    found = read_for_prediction(tmp_path / "in", prepared.preprocessing)
    assert prepared.preprocessing.encode_target(found)[:2].tolist() == [0, 0]
    path = tmp_path / "in/bad/01.txt"
    path.write_bytes(b"fine\ncaf\xe9")
    with pytest.raises(DataError) as caught:
        raw_of(tmp_path / "in")
    assert str(caught.value) == (
        f"{path} is not in UTF-8: line 2 cannot be read. Save it as UTF-8, for example with: iconv -f latin1 -t "
        "utf-8 OLD > NEW; or set data.encoding, for example to latin-1."
    )
    assert "fine\ncafé" in raw_of(tmp_path / "in", encoding="latin-1").frame["text"].to_list()
    path.write_bytes(b"\0\1\2")
    with pytest.raises(DataError) as caught:
        raw_of(tmp_path / "in")
    assert str(caught.value) == (
        f"{path} should be text, but it is binary data. Give the file the ending of what it is."
    )


def test_other_encodings_are_read_where_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    texts = [f"{text} café" for text in TEXTS]
    content = table(review=texts).write_csv()
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError) as caught:
        raw_of(path)
    assert str(caught.value).startswith(f"{path} is not in UTF-8: line 2 cannot be read. Save it as UTF-8")
    prepared = prepare(DataSpec(path=str(path), target="mood", encoding="latin-1"), SplitSpec(), "auto")
    encoded = prepared.preprocessing.encode(read_for_prediction(path, prepared.preprocessing))
    np.testing.assert_array_equal(encoded["tokens"], prepared.preprocessing.encode(texts)["tokens"])
    path.write_text(content)
    again = prepared.preprocessing.encode(read_for_prediction(path, prepared.preprocessing))
    np.testing.assert_array_equal(again["tokens"], encoded["tokens"])
    path.write_bytes(b"odd")
    with pytest.raises(DataError) as caught:
        raw_of(path, encoding="utf-16")
    assert str(caught.value) == (
        f"{path} is not in utf-16, as data.encoding says: line 1 cannot be read. Correct it."
    )


def test_json_lines_are_a_table(tmp_path: Path) -> None:
    path = tmp_path / "data.ndjson"
    path.write_text(
        '\ufeff{"a": 1, "b": "007", "c": [1], "d": true, "e": 1}\n\n'
        '{"a": 2.5, "b": "x", "d": null, "e": "y", "f": 123456789012345678901}\n{"b": "half \\ud83d"}\n'
    )
    raw = raw_of(path)
    assert raw.frame.to_dict(as_series=False) == {
        "a": [1.0, 2.5, None],
        "b": ["007", "x", "half ?"],
        "d": [True, None, None],
        "e": ["1", "y", None],
        "f": [None, "123456789012345678901", None],
    }
    assert raw.notes == ("left out 1 blank lines", "left out, as they hold no plain values: c")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "{path} is empty; expected one JSON object a line."),
        (
            b'{"a": 1}\n{"a": \n',
            "{path} should hold one JSON object a line, but line 2 is not JSON (Expecting value). Correct the line; "
            "a JSON array is written as lines with: jq -c '.[]'",
        ),
        (
            b"[" * 100_000,
            "{path} should hold one JSON object a line, but line 1 is not JSON (RecursionError). Correct the line; a "
            "JSON array is written as lines with: jq -c '.[]'",
        ),
        (
            b'{"a": 1}\n[1, 2]\n',
            "{path} should hold one JSON object a line, but line 2 holds list. Write objects, such as "
            '{{"text": "...", "label": "..."}}.',
        ),
        (
            b'{"a": 1}\n{"a": "\xff"}\n',
            "{path} is not in UTF-8: line 2 cannot be read. Save it as UTF-8, for example with: iconv -f latin1 -t "
            "utf-8 OLD > NEW; or set data.encoding, for example to latin-1.",
        ),
        (b'{"a": [1]}\n', "Every column of {path} holds lists or objects, but plain values are expected."),
    ],
)
def test_json_lines_that_are_none_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        raw_of(path)
    assert str(caught.value) == message.format(path=path)


def test_a_bundle_cannot_bring_other_tokens(tmp_path: Path) -> None:
    plain, arrays = ready(tmp_path, table()).preprocessing.to_plain()
    for vocabulary in (["[PAD]", "a"], [*tokens.SPECIAL, "a", "a"], [*tokens.SPECIAL, 3]):
        encoder = {**plain["encoder"], "vocabulary": vocabulary}
        with pytest.raises(ValueError, match="cannot be used"):
            Preprocessing.from_plain({**plain, "encoder": encoder}, arrays)


def test_a_forked_process_can_encode_too() -> None:
    program = (
        "import os\nfrom automl.data.texts.tokens import learn, padded_ids\n"
        "found = learn(['some words of some text'] * 50, 50)\npadded_ids(['text'] * 50, found, 4)\n"
        "child = os.fork()\n"
        "if child == 0:\n    os._exit(int(padded_ids(['text'] * 50, found, 4)[0, 0] < 3))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
