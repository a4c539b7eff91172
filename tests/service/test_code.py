"""Families of a user's own: they travel only where an admin allowed it, for authors, when they are asked to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from service.conftest import Running, serving
from toys import FAMILY, write_table

from automl.api import spec_of
from automl.errors import RequestError, SpecError
from automl.execution.code import with_local_code
from automl.remote import Remote
from automl.resolved import Search, file_hash
from automl.run import load_search
from automl.service.audit import Audit
from automl.service.serve import configuration
from automl.service.tokens import Tokens
from automl.spec import ResourcesSpec
from automl.status_lines import follow
from automl.store import Store, open_store


@pytest.fixture(scope="module")
def allowing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, str]]:
    store = open_store(tmp_path_factory.mktemp("allowing") / "store", create=True)
    with serving(configuration(store, "127.0.0.1", 0, allow_code=True)) as url:
        yield store, url


def remote(allowing: tuple[Store, str], user: str, role: str) -> Remote:
    store, url = allowing
    return Remote(url, Tokens(store).create(user, role, timedelta(hours=1))[0])


def own(folder: Path, source: str = FAMILY) -> Any:
    """A spec with a family from a file, of a search that waits for a machine that is not there."""
    family = folder / "my_net.py"
    family.write_text(source)
    return spec_of(
        {
            "name": "own",
            "data": {"path": str(write_table(folder / "toy.csv")), "target": "price"},
            "families": [{"file": str(family)}],
            "resources": {"workers": 1, "cpus": 1000},
        }
    )


def test_an_author_may_bring_a_family_which_is_run_from_the_store(
    allowing: tuple[Store, str], tmp_path: Path
) -> None:
    store, _ = allowing
    author = remote(allowing, "ann", "author")
    with pytest.raises(RequestError, match="travels only with --with-code"):
        author.submit(own(tmp_path))
    search_id = author.submit(own(tmp_path), with_code=True)["search_id"]
    search, folder = load_search(store, search_id)
    (family,) = search.families
    assert family.file is not None
    assert family.file.startswith("upload://")
    assert family.file == search.spec.families[0].file
    assert str(tmp_path) not in str(folder.plain)
    assert family.file_hash == file_hash(tmp_path / "my_net.py")
    (tmp_path / "my_net.py").unlink()  # as on another machine
    (local,) = with_local_code(search, store).families
    assert local.load().name == "toy"
    assert with_local_code(Search.from_plain(search.to_plain()), store) == with_local_code(search, store)
    events = Audit(store).read(f"{datetime.now(UTC):%Y-%m-%d}")
    assert [event["code"] for event in events if event["event"] == "submitted"] == [[family.file_hash]]


def test_another_file_is_another_search(allowing: tuple[Store, str], tmp_path: Path) -> None:
    author = remote(allowing, "ann", "author")
    one = author.submit(own(tmp_path), with_code=True)["search_id"]
    again = author.submit(own(tmp_path), with_code=True)["search_id"]
    other = author.submit(own(tmp_path, FAMILY + "\n# changed\n"), with_code=True)["search_id"]
    assert (one == again, one == other) == (True, False)


def test_code_that_was_changed_in_the_store_is_not_run(allowing: tuple[Store, str], tmp_path: Path) -> None:
    store, _ = allowing
    mark = tmp_path / "ran"
    source = FAMILY + f"\n# {tmp_path}\n"
    search_id = remote(allowing, "ann", "author").submit(own(tmp_path, source), with_code=True)["search_id"]
    search, _ = load_search(store, search_id)
    (local,) = with_local_code(search, store).families
    assert local.file is not None
    Path(local.file).write_text(source + f"\nopen({str(mark)!r}, 'w').close()\n")
    with pytest.raises(SpecError, match="has changed since the search began"):
        local.load()
    assert not mark.exists()


def test_whoever_is_no_author_is_refused(allowing: tuple[Store, str], tmp_path: Path) -> None:
    store, _ = allowing
    before = store.search_ids()
    with pytest.raises(SpecError, match="takes a token of the role author, and yours has the role submitter"):
        remote(allowing, "bob", "submitter").submit(own(tmp_path, FAMILY + "\n# bob\n"), with_code=True)
    assert store.search_ids() == before


def test_a_service_that_does_not_allow_it_refuses_everybody(running: Running, tmp_path: Path) -> None:
    for role in ("submitter", "author", "admin"):
        with pytest.raises(SpecError, match="start the service with --allow-code"):
            running.remote(role).submit(own(tmp_path), with_code=True)


def test_code_that_fails_is_said_so(allowing: tuple[Store, str], tmp_path: Path) -> None:
    author = remote(allowing, "ann", "author")
    for source, message in (
        ("raise ValueError('no')", "failed with ValueError: no"),
        ("x = 1", "must define FAMILY"),
        ("print('{}')\n" + FAMILY, ""),
    ):
        if message:
            with pytest.raises(RequestError, match=message):
                author.submit(own(tmp_path, source), with_code=True)
        else:
            assert author.submit(own(tmp_path, source), with_code=True)["search_id"].startswith("own-")


@pytest.mark.slow
def test_a_search_over_such_a_family_runs_to_its_end(allowing: tuple[Store, str], tmp_path: Path) -> None:
    author = remote(allowing, "ann", "author")
    few = {"budget": {"trials": 2, "epochs": 2}, "finalists": {"top": 1, "seeds": 1}}
    spec = own(tmp_path).model_copy(update={"name": "runs", "resources": ResourcesSpec(workers=1)})
    search_id = author.submit(spec_of(spec, **few), with_code=True)["search_id"]
    (tmp_path / "my_net.py").unlink()
    said = follow(lambda: author.status(search_id), pause=1.0)
    assert said == 0, [author.log_part(search_id, name, 0) for name in author.log_names(search_id)]
    assert author.trials(search_id)["state"].to_list() == ["complete", "complete"]
    lines, _ = author.attempt_lines(search_id, "worker-0.log", 0, "1")
    assert [text.split("] ")[1].split(":")[0] for text in lines.splitlines()] == ["begins", "ends"]
