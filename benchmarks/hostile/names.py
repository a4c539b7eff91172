"""Names that are paths, markup, options or worse, wherever a user may give a name.

Every name of `NAMES` goes to every place of `PLACES`; a case is an entry of either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

from benchmarks.hostile import asking
from benchmarks.hostile.case import Case, canary_of
from benchmarks.hostile.specs import ROWS

NAMES: dict[str, str] = {
    "nothing": "",
    "a dot": ".",
    "two dots": "..",
    "a way out": "../../../canary",
    "a way out, backwards": "..\\..\\canary",
    "a way out, escaped": "%2e%2e%2fcanary",
    "a way out behind a name": "x/../../canary",
    "an absolute path": "/etc/passwd",
    "a drive": "C:\\Windows\\win.ini",
    "a share": "\\\\server\\share",
    "NUL": "a\0.csv",
    "10 kB": "x" * 10_000,
    "300 letters": "x" * 300,
    "right to left": "a\u202egpj.exe",
    "emoji": "\U0001f9e8\U0001f525",
    "two forms of one letter": "e\u0301\u00e9",
    "zero width": "a\u200b\u2060b",
    "half a surrogate": "a\ud800",
    "markup": "<img src=x onerror=alert(1)>",
    "a picture": "![](http://127.0.0.1/x.png)",
    "a link": "[x](javascript:alert(1))",
    "a formula": "=cmd|' /C calc'!A0",
    "a device": "CON",
    "an option": "-rf",
    "a long option": "--store=/",
    "a line feed": "a\nb",
    "a carriage return": "a\rb",
    "colours": "\x1b[31mred\x1b[0m",
    "a title of the terminal": "\x1b]0;owned\x07",
    "a command": "$(touch CANARY)",
    "a command in ticks": "`touch CANARY`",
    "a query": "' OR 1=1 --",
    "a template": "{{7*7}}{0.__class__}%s%n",
    "a variable": "${HOME}",
    "a home": "~root",
    "a pattern": "(a+)+$" * 20,
    "an address": "http://127.0.0.1:1/x",
    "an object in a store": "s3://bucket/key",
}


def _command(*words: str) -> Callable[[str], None]:
    """A command in which ``NAME`` stands for the name, beside an empty store."""
    return lambda name: asking.command([word.replace("NAME", name) for word in words])


def _uploaded(name: str) -> None:
    from automl.store import open_store
    from automl.store.uploads import Uploads

    file = Path("rows.csv")
    Uploads(open_store("store")).put(sha256(file.read_bytes()).hexdigest(), name, file)


def _fetched(name: str) -> None:
    from automl.store import open_store
    from automl.store.uploads import Uploads, upload_url

    Uploads(open_store("store")).fetch(upload_url("0" * 64, name))


def _given_a_token(name: str) -> None:
    from automl.service.tokens import Tokens
    from automl.store import open_store

    Tokens(open_store("store")).create(name, "viewer", timedelta(days=1))


def _looked_up_as_token(name: str) -> None:
    from automl.service.tokens import Tokens
    from automl.store import open_store

    Tokens(open_store("store")).revoke(name)


def _searched(name: str) -> None:
    from automl.spec import parse_spec

    parse_spec({"name": name, "data": {"name": "digits"}})


def _planned(name: str) -> None:
    from automl.spec import parse_spec
    from automl.store import open_store
    from automl.store.uploads import localised

    localised(parse_spec({"data": {"path": f"upload://{'0' * 64}/{name}"}}), open_store("store"))


def _read_as_log(name: str) -> None:
    from automl.results import Results
    from automl.store import open_store

    Results(open_store("store")).log_part(name, name, 0)


PLACES: dict[str, Callable[[str], None]] = {
    "status of": _command("status", "NAME", "--store", "store"),
    "trials of": _command("trials", "NAME", "--store", "store"),
    "a bundle of": _command("pull", "NAME", "out", "--store", "store"),
    "a trial of": _command("pull", "x-00000000/NAME", "out", "--store", "store"),
    "deletion of": _command("delete", "NAME", "--store", "store"),
    "data set": _command("leaderboard", "--dataset", "NAME", "--store", "store"),
    "metric": _command("leaderboard", "--metric", "NAME", "--store", "store"),
    "spec at": _command("validate", "NAME.yaml"),
    "data at": _command("validate", "NAME", "--target", "y"),
    "target": _command("validate", "rows.csv", "--target", "NAME"),
    "bundle at": _command("predict", "NAME", "rows.csv"),
    "name of a search": _searched,
    "name of an upload": _uploaded,
    "upload": _fetched,
    "path of an upload in a spec": _planned,
    "user": _given_a_token,
    "id of a token": _looked_up_as_token,
    "log": _read_as_log,
}

# What may be taken, since it is nothing but a name there.
HARMLESS: dict[tuple[str, str], str] = {
    ("name of an upload", "a device"): "a device is one only where the service does not run",
    ("user", "a device"): "a user is no file",
    ("status of", "a long option"): "it is the option, as whoever types it knows",
}


def cases() -> Iterator[Case]:
    for place, ask in PLACES.items():
        for name, text in NAMES.items():
            why = HARMLESS.get((place, name), "")
            writes = ("store/",) if why else ()
            yield Case("names", f"{place} {name}", partial(_beside_a_store, text), ask, why, writes)


def _beside_a_store(name: str, folder: Path) -> str:
    (folder / "store" / "searches").mkdir(parents=True)
    (folder / "rows.csv").write_text(ROWS)
    return name.replace("CANARY", str(canary_of(folder)))
