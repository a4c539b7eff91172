"""Layers folded, placed and drawn, and examples as they are shown."""

from __future__ import annotations

import base64
import doctest
import io
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from PIL import Image

from dashboard.charts import architecture, attributions
from dashboard.queries import examples, layers
from dashboard.queries.layers import Block, Layer

KINDS = ("Linear", "ReLU", "Dropout")


def layer(name: str, kind: str = "Linear", n_parameters: int = 8) -> Layer:
    return Layer(name, kind, (None, 4), (None, 2), n_parameters, 1)


def unfolded(blocks: list[Block]) -> list[str]:
    return [one.kind for block in blocks for _ in range(block.times) for one in block.layers]


@pytest.mark.parametrize("module", [layers, architecture])
def test_examples_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


@given(st.lists(st.sampled_from(KINDS), max_size=40))
def test_folding_loses_no_layer(kinds: list[str]) -> None:
    found = [layer(f"net.{i}", kind) for i, kind in enumerate(kinds)]
    blocks = layers.folded(found)
    assert unfolded(blocks) == kinds
    weights = sum(one.n_parameters for one in found)
    rows, n_left_out = layers.picture_rows(blocks, 1000)
    assert (rows["n_parameters"].sum(), n_left_out) == (weights, 0)


def test_a_hundred_layers_of_one_block_are_a_few_lines() -> None:
    parts = [("norm", "LayerNorm"), ("attention", "Attention"), ("linear", "Linear"), ("activation", "GELU")]
    body = [layer(f"blocks.{i}.{name}", kind) for i in range(25) for name, kind in parts]
    blocks = layers.folded([layer("embedding", "Embedding"), *body, layer("head")])
    assert [(len(block.layers), block.times) for block in blocks] == [(1, 1), (4, 25), (1, 1)]
    assert blocks[1].names[0] == "blocks.0–24.norm"


def test_layers_that_differ_in_size_are_not_folded() -> None:
    found = [layer(f"net.{i}", n_parameters=i) for i in range(5)]
    assert [block.times for block in layers.folded(found)] == [1] * 5


def test_of_very_many_lines_the_middle_is_left_out() -> None:
    blocks = layers.folded([layer(f"net.{i}", n_parameters=i) for i in range(90)])
    rows, n_left_out = layers.picture_rows(blocks, 10)
    assert n_left_out == 80
    assert rows["name"].to_list() == [f"net.{i}" for i in (*range(5), *range(85, 90))]
    assert rows["line"].to_list() == [*range(5), *range(6, 11)]
    drawn = architecture.picture(rows, n_left_out).to_dict()
    assert any("80 more layers" in str(data) for data in drawn["datasets"].values())


def test_what_inspect_says_is_read() -> None:
    linear = {"name": "a", "kind": "Linear", "input_shape": [None, 8], "output_shape": [None, 3, 4]}
    odd = {"name": "b", "kind": "Odd", "input_shape": [[None, 8], [None, 2]], "output_shape": None}
    answer = {"layers": [linear | {"n_parameters": 32}, odd | {"n_parameters": 0}]}
    table = layers.table(layers.layers(answer))
    assert table.rows() == [("a", "Linear", "8", "3 × 4", 32), ("b", "Odd", "", "", 0)]


def test_a_picture_has_brackets_only_where_blocks_repeat() -> None:
    alone, _ = layers.picture_rows(layers.folded([layer("a"), layer("b", "ReLU", 0)]), 10)
    several, _ = layers.picture_rows(layers.folded([layer("net.0"), layer("net.1")]), 10)
    assert len(architecture.picture(several, 0).to_dict()["layer"]) == 2 + len(
        architecture.picture(alone, 0).to_dict()["layer"]
    )


def picture() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    "given_", [None, {}, {"png": 3}, {"png": "%%%"}, {"png": base64.b64encode(b"GIF").decode()}]
)
def test_what_is_no_picture_is_not_shown(given_: Any) -> None:
    assert examples.image(given_) is None


def test_a_picture_is_shown() -> None:
    content = examples.image({"png": picture()})
    assert content is not None
    assert content.startswith(b"\x89PNG")


def test_examples_are_read_and_the_likeliest_classes_stand_first() -> None:
    row = {
        "row": 7,
        "target": "cat",
        "prediction": "dog",
        "probabilities": {"cat": 0.1, "dog": 0.9},
        "loss": 2.3,
    }
    found = examples.examples({"rows": [row | {"input": {}, "attribution": {}, "gap": 0.01}]})[0]
    assert found.probabilities == (("dog", 0.9), ("cat", 0.1))
    number = examples.examples({"rows": [row | {"target": 2.5, "prediction": [1.0, 2.0], "input": {}}]})[0]
    assert (number.target, number.prediction) == ("2.5", "1, 2")
    numeric = examples.examples({"rows": [row | {"probabilities": None, "input": {}}]})[0]
    assert numeric.sides == ("raises the prediction", "lowers the prediction")


def test_the_columns_that_speak_loudest_stand_first() -> None:
    values = examples.columns({"age": 37, "city": "Rome"}, {"age": 0.1, "city": -0.5})
    assert values["column"].to_list() == ["city", "age"]
    assert values["attribution"].to_list() == [-0.5, 0.1]
    assert len(examples.columns({str(i): i for i in range(99)}, None)) == examples.MAX_COLUMNS


@given(st.lists(st.text(min_size=1, max_size=90), max_size=300))
def test_tokens_stand_in_lines_without_lying_over_each_other(tokens: list[str]) -> None:
    found = examples.tokens(tokens, None)
    assert found.height == min(len(tokens), examples.MAX_TOKENS)
    for line in found.partition_by("line"):
        ends = line.select("first", "last").rows()
        assert all(before[1] < after[0] for before, after in pairwise(ends))


def test_sounds_and_series_are_drawn_by_time() -> None:
    wave = examples.wave({"wave": [0.0, 1.0, -1.0], "seconds": 0.5}, [0.1, -0.2, 0.3])
    assert wave["second"].to_list() == [0.0, 0.25, 0.5]
    played = examples.played({"wave": [0.0, 2.0, -1.0], "seconds": 0.5})
    assert (len(played), abs(played).max()) == (examples.SAMPLE_RATE // 2, 1.0)
    series = examples.series({"names": ["a", "b"], "values": [[1, 2, 3], [4, 5, 6]]}, [[0, 0, 1], [0, -1, 0]])
    assert series.filter(name="b").rows() == [("b", 0, 4.0, 0.0), ("b", 1, 5.0, -1.0), ("b", 2, 6.0, 0.0)]
    turned = examples.series({"names": ["a", "b"], "values": [[1, 4], [2, 5], [3, 6]]}, None)
    assert turned.filter(name="b")["value"].to_list() == [4.0, 5.0, 6.0]
    long = examples.wave({"wave": [0.0] * 999 + [-2.0], "seconds": 1.0}, [0.5] * 1000)
    assert (long.height, long["attribution"].sum(), long["value"].min()) == (examples.MAX_VALUES, 500.0, -2.0)
    wide = examples.series({"names": list("abcdef"), "values": [[1.0] * 500] * 6}, None)
    assert wide.height == examples.MAX_SERIES * examples.MAX_STEPS
    sides = examples.SIDES
    for drawn in (
        attributions.wave(wave, sides),
        attributions.series(series.filter(name="a"), sides),
        attributions.columns(examples.columns({"age": 37}, {"age": 0.1}), sides),
        attributions.text(examples.tokens(["a", "fine", "day"], [0.1, -0.2, 0.0]), sides),
    ):
        assert drawn.to_dict()["layer"]
