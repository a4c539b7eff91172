"""Data sets of openml.org: what is asked for and what is made of the answer, without a network."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from automl.data.files.openml import ADDRESS, read_openml
from automl.errors import DataError, UnreachableError

FILES = Path(__file__).parent / "files"
DESCRIPTION = (FILES / "openml.json").read_text()


def answering(description: str) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) == f"{ADDRESS}/99":
            return httpx.Response(200, text=description)
        if str(request.url) == "https://data.openml.org/datasets/0000/0099/dataset_99.pq":
            return httpx.Response(200, content=(FILES / "openml.parquet").read_bytes())
        return httpx.Response(412)

    return httpx.MockTransport(answer)


def test_the_rows_come_with_their_target_and_without_what_is_ignored() -> None:
    raw = read_openml(99, answering(DESCRIPTION))
    assert raw.name == "small-example-99"
    assert raw.frame.columns == ["size", "shade", "class"]
    assert raw.target == "class"
    assert raw.notes == ("left out, as OpenML says: row_id",)


def test_what_openml_cannot_give_is_said() -> None:
    with pytest.raises(DataError) as caught:
        read_openml(98, answering(DESCRIPTION))
    assert str(caught.value) == f"{ADDRESS}/98 was asked for but answers 412; check the address or number."
    plain = json.loads(DESCRIPTION)
    plain["data_set_description"] |= {"parquet_url": None}
    with pytest.raises(DataError) as caught:
        read_openml(99, answering(json.dumps(plain)))
    assert str(caught.value) == (
        "The OpenML data set 99 has no Parquet file to read. Fetch it, save it as CSV and set data.path."
    )
    with pytest.raises(DataError) as caught:
        read_openml(99, answering("<html>"))
    assert str(caught.value) == (
        f"{ADDRESS}/99 should answer with a description in JSON, but does not. Try again later."
    )


def test_no_network_is_said_in_one_paragraph() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host", request=request)

    with pytest.raises(UnreachableError) as caught:
        read_openml(99, httpx.MockTransport(fail))
    assert str(caught.value) == (
        f"{ADDRESS}/99 cannot be reached (no route to host). Check the network, or give a local file as "
        "data.path."
    )
