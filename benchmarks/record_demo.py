"""Records what ``automl dashboard --demo`` shows: ``python -m benchmarks.record_demo``; some minutes on a laptop.

It runs the searches below as a user would, and keeps of their store what the pages show: the tables, each at one
version, with three decimals of each prediction; how the trials ended; and of each search the model that ``automl pull``
gives. Nothing of it names the machine.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable, WriterProperties, write_deltalake

from automl.store import Store, open_store
from automl.store.pulling import bundle_of
from automl.store.rows import TABLES
from dashboard.demo import RECORDED

MOST_BYTES = 330_000
DECIMALS = 3  # of predictions, which are most of it
HOST = "laptop"  # what the machine is called in what is kept
SMALL = {"width": {"int": [6, 24], "log": True, "prior": 16}}
SEARCHES: tuple[Mapping[str, Any], ...] = (
    {
        "name": "digits",
        "data": {"name": "digits"},
        "families": [{"name": "cnn", "space": {"width": {"int": [6, 12]}, "stages": {"int": [1, 2]}}}],
        "budget": {"trials": 16, "epochs": 8},
    },
    {
        "name": "diabetes",
        "data": {"name": "diabetes"},
        "families": [
            {"name": "mlp", "space": SMALL},
            {"name": "resnet", "space": SMALL},
            {"name": "tabm", "space": SMALL | {"k": {"int": [4, 8]}}},
        ],
        "budget": {"trials": 40, "epochs": 20},
    },
    {
        "name": "tumours",
        "data": {"name": "breast_cancer"},
        "families": [{"name": "mlp", "space": SMALL}, {"name": "resnet", "space": SMALL}],
        "budget": {"trials": 20, "epochs": 12},
    },
)
SHARED = {"finalists": {"top": 2, "seeds": 3}, "resources": {"workers": 2}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--store", type=Path, help="keep the searches in this folder, and use those that are there"
    )
    parser.add_argument("--out", type=Path, default=RECORDED, help="default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="automl-record-") as folder:
        store = options.store or Path(folder) / "store"
        for spec in SEARCHES:
            _search({**spec, **SHARED}, Path(folder), store)
        kept = Path(folder) / "kept"
        keep(open_store(store), kept)
        check(kept)
        packed = pack(kept)
    if len(packed) > MOST_BYTES:
        raise SystemExit(f"What was recorded has {len(packed):,} bytes; at most {MOST_BYTES:,} are kept.")
    options.out.write_bytes(packed)
    print(f"{options.out}: {len(packed):,} bytes")


def _search(spec: Mapping[str, Any], folder: Path, store: Path) -> None:
    file = folder / f"{spec['name']}.yaml"
    file.write_text(json.dumps(spec))
    command = [sys.executable, "-m", "automl.cli", "search", str(file), "--store", str(store)]
    subprocess.run(command, check=True)


def keep(store: Store, kept: Path) -> None:
    """Writes what the pages show of a store into a new folder."""
    models = {search_id: bundle_of(store, search_id).on_disk() for search_id in store.search_ids()}
    folders = {
        str(place.relative_to(_folder(store, name))) for name, place in models.items() if place is not None
    }
    for table in TABLES:
        frame = pl.from_arrow(DeltaTable(str(store.table_place(table))).to_pyarrow_table())
        assert isinstance(frame, pl.DataFrame)
        if "bundle" in frame.columns:
            frame = frame.with_columns(pl.when(pl.col("bundle").is_in(folders)).then("bundle"))
        frame = frame.with_columns(pl.col(pl.String).str.replace_all(_own_name(), HOST))
        if table == "predictions":
            frame = frame.with_columns(pl.col("prediction").list.eval(pl.element().round(DECIMALS)))
        properties = WriterProperties(compression="ZSTD", compression_level=19)
        write_deltalake(kept / "tables" / table, frame, writer_properties=properties)
    for search_id, model in models.items():
        source = _folder(store, search_id)
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            if _is_kept(file, source, model):
                copy = kept / "searches" / search_id / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
                if model is None or model not in file.parents:  # whose hashes stand in its manifest
                    copy.write_text(re.sub(_own_name(), HOST, file.read_text()))


def _folder(store: Store, search_id: str) -> Path:
    found = store.search(search_id).place.on_disk()
    assert found is not None, "a recorded store is a folder"
    return found


def _is_kept(file: Path, source: Path, model: Path | None) -> bool:
    """What a search is, how it went, and the model of it that is pulled."""
    if model is not None and model in file.parents:
        return True
    left_out = {"bundle", "journal"} & set(
        file.relative_to(source).parts
    )  # a study is resumed from its journal
    return file.suffix in (".json", ".yaml", ".log", "") and not left_out


def check(kept: Path) -> None:
    """Ends with an error where something names this machine or a folder of it."""
    folders = (str(Path.home()), str(Path.cwd()), tempfile.gettempdir())
    secret = re.compile("|".join([_own_name(), *map(re.escape, folders)]))
    files = (path for path in kept.rglob("*") if path.is_file() and "tables" not in path.parts)
    texts = {path: path.read_text() for path in files if path.suffix != ".safetensors"}
    for table in TABLES:
        frame = pl.read_delta(str(kept / "tables" / table))
        texts[kept / "tables" / table] = frame.select(pl.col(pl.String)).write_json()
    for path, text in texts.items():
        if found := secret.search(text):
            raise SystemExit(f"{path.relative_to(kept)} names {found[0]}.")


def _own_name() -> str:
    """A pattern of this machine's name, as a word of its own."""
    return rf"\b{re.escape(socket.gethostname())}\b"


def pack(kept: Path) -> bytes:
    """All of it as one archive, always the same for the same content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz", preset=9) as archive:
        for path in sorted(kept.rglob("*"), key=lambda path: (path.suffix, str(path))):
            if path.is_file():
                info = tarfile.TarInfo(str(path.relative_to(kept)))
                info.size = path.stat().st_size
                with path.open("rb") as content:
                    archive.addfile(info, content)
    return out.getvalue()


if __name__ == "__main__":
    main()
