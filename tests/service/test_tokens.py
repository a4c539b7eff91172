"""Tokens: found when they are right and valid, and by nothing else; their secrets are kept nowhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import NotFoundError, RequestError, StorageError
from automl.service.roles import ROLES, allows
from automl.service.tokens import LONGEST, Tokens
from automl.store import Store, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


def test_a_token_is_found_until_it_expires_or_is_revoked(store: Store) -> None:
    tokens = Tokens(store)
    shown, token = tokens.create("ann", "submitter", DAY, NOW)
    assert tokens.find(shown, NOW) == token
    assert Tokens(store).find(shown, NOW + DAY - timedelta(seconds=1)) == token
    assert tokens.find(shown, NOW + DAY) is None
    tokens.revoke(token.id, NOW)
    assert tokens.find(shown, NOW) is None
    assert tokens.revoke(token.id, NOW + DAY).revoked_at == NOW  # the first time counts
    assert [one.id for one in tokens.list()] == [token.id]


def test_the_secret_is_nowhere(store: Store) -> None:
    shown, token = Tokens(store).create("ann", "admin", DAY, NOW)
    secret = shown.rpartition("_")[2] if "_" not in shown.split("_", 2)[2] else shown.split("_", 2)[2]
    assert len(secret) == 43
    for found in store.place.files():
        assert secret.encode() not in (store.place / found.name).read()
    assert secret not in repr(token)
    assert token.digest not in str(token.to_plain())


def test_what_is_nearly_a_token_is_none(store: Store) -> None:
    tokens = Tokens(store)
    shown, _ = tokens.create("ann", "viewer", DAY, NOW)
    other, _ = tokens.create("bob", "admin", DAY, NOW)
    swapped = "_".join([*shown.split("_", 2)[:2], other.split("_", 2)[2]])
    last = "A" if shown[-1] != "A" else "B"
    for wrong in ("", shown[:-1], shown[:-1] + last, shown + "A", " " + shown, shown.upper(), swapped):
        assert tokens.find(wrong, NOW) is None


@given(st.text(max_size=100))
def test_nonsense_is_no_token(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    tokens = Tokens(open_store(tmp_path_factory.getbasetemp() / "nonsense", create=True))
    assert tokens.find(text) is None


@pytest.mark.parametrize(
    ("user", "role", "lasts", "message"),
    [
        ("", "viewer", DAY, "A user is named by"),
        ("../x", "viewer", DAY, "A user is named by"),
        ("a\nb", "viewer", DAY, "A user is named by"),
        ("x" * 64, "viewer", DAY, "A user is named by"),
        ("ann", "root", DAY, "A role is one of delegate, viewer, submitter, author, admin, but got 'root'"),
        ("ann", "viewer", timedelta(0), "A token lasts between"),
        ("ann", "viewer", LONGEST + DAY, "A token lasts between"),
    ],
)
def test_what_cannot_be_a_token_is_refused(
    store: Store, user: str, role: str, lasts: timedelta, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        Tokens(store).create(user, role, lasts)
    assert Tokens(store).list() == []


@pytest.mark.parametrize("token_id", ["", "../tokens", "0" * 12, "zzzzzzzzzzzz"])
def test_revoking_what_is_not_there(store: Store, token_id: str) -> None:
    with pytest.raises(NotFoundError, match="There is no token"):
        Tokens(store).revoke(token_id)


def test_a_damaged_file_is_said_so_and_lets_nobody_in(store: Store) -> None:
    shown, token = Tokens(store).create("ann", "admin", DAY)
    (store.place / "service" / "tokens" / f"{token.id}.json").write_over(b"{")
    with pytest.raises(StorageError, match="is not a token's file"):
        Tokens(store).find(shown)


def test_roles_include_those_before_them() -> None:
    assert [[allows(role, needed) for needed in ROLES] for role in ROLES] == [
        [True, False, False, False, False],
        [True, True, False, False, False],
        [True, True, True, False, False],
        [True, True, True, True, False],
        [True, True, True, True, True],
    ]
