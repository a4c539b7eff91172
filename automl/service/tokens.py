"""Tokens: how users show who they are. The store holds their hashes alone.

A token is ``automl_<id>_<secret>``. Its file, ``service/tokens/<id>.json``, says whose it is, what it may do and until
when, and holds the SHA-256 of the secret: of 256 random bits, which nobody finds by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from automl.errors import NotFoundError, RequestError, StorageError
from automl.service.roles import ROLES, Role
from automl.store import Place, Store

PREFIX = "automl"
_TOKEN = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
LONGEST = timedelta(days=3650)


@dataclass(frozen=True)
class Token:
    """What is known of a token; its secret is not.

    Args:
        digest: the SHA-256 of the secret, in hexadecimal digits.
        via: who speaks for the user with a token of their own; None where it is the user's own.
    """

    id: str
    user: str
    role: Role
    digest: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    via: str | None = None

    @property
    def who(self) -> str:
        """Who did what is done with it, for the audit log."""
        return self.user if self.via is None else f"{self.user} via {self.via}"

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def to_plain(self) -> dict[str, Any]:
        """Everything but the digest, for people to see."""
        return {
            "id": self.id,
            "user": self.user,
            "role": self.role,
            "created_at": self.created_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "revoked_at": None if self.revoked_at is None else self.revoked_at.isoformat(),
        }


class Tokens:
    """The tokens of one store."""

    def __init__(self, store: Store) -> None:
        self._place = store.place / "service" / "tokens"

    def create(
        self, user: str, role: str, lasts: timedelta, now: datetime | None = None
    ) -> tuple[str, Token]:
        """A new token, which is shown this once, and what is kept of it.

        Raises:
            RequestError: the user, the role or the time is not one.
        """
        if not _USER.fullmatch(user):
            raise RequestError(
                f"A user is named by up to 63 letters, digits, '.', '_', '@' and '-', and begins with a letter or a "
                f"digit, but got {user[:100]!r}."
            )
        if role not in ROLES:
            raise RequestError(f"A role is one of {', '.join(ROLES)}, but got {role[:100]!r}.")
        if not timedelta(0) < lasts <= LONGEST:
            raise RequestError(f"A token lasts between a moment and ten years, but got {lasts}.")
        now = now or datetime.now(UTC)
        secret = secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(6), user, role, _digest(secret), now, now + lasts)
        self._file(token.id).write_once(_to_json(token))
        return f"{PREFIX}_{token.id}_{secret}", token

    def find(self, shown: str, now: datetime | None = None) -> Token | None:
        """The token that somebody shows, if it is one, and valid now."""
        matched = _TOKEN.fullmatch(shown)
        if matched is None:
            return None
        token = self._read(self._file(matched[1]))
        if token is None or not hmac.compare_digest(token.digest, _digest(matched[2])):
            return None
        return token if token.is_valid(now or datetime.now(UTC)) else None

    def of_user(self, user: str, now: datetime | None = None) -> Token | None:
        """The token of a user that is valid now and has the highest role; None where there is none."""
        at = now or datetime.now(UTC)
        own = [token for token in self.list() if token.user == user and token.is_valid(at)]
        own = [token for token in own if token.role != "delegate"]
        return max(own, key=lambda token: (ROLES.index(token.role), token.expires_at), default=None)

    def revoke(self, token_id: str, now: datetime | None = None) -> Token:
        """Let a token be valid no more.

        Raises:
            NotFoundError: there is none of that id.
        """
        token = self._read(self._file(token_id)) if re.fullmatch("[0-9a-f]{12}", token_id) else None
        if token is None:
            raise NotFoundError(f"There is no token {token_id[:50]!r}; `automl token list` shows the ids.")
        if token.revoked_at is None:
            token = replace(token, revoked_at=now or datetime.now(UTC))
            self._file(token.id).write_over(_to_json(token))
        return token

    def list(self) -> list[Token]:
        """All of them, the oldest first."""
        found = (self._read(self._place / name) for name in self._place.names())
        return sorted((token for token in found if token is not None), key=lambda token: token.created_at)

    def _file(self, token_id: str) -> Place:
        return self._place / f"{token_id}.json"

    def _read(self, place: Place) -> Token | None:
        try:
            plain = json.loads(place.read())
            return Token(
                id=str(plain["id"]),
                user=str(plain["user"]),
                role=plain["role"] if plain["role"] in ROLES else "viewer",
                digest=str(plain["digest"]),
                created_at=datetime.fromisoformat(plain["created_at"]),
                expires_at=datetime.fromisoformat(plain["expires_at"]),
                revoked_at=datetime.fromisoformat(plain["revoked_at"]) if plain["revoked_at"] else None,
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{place} is not a token's file: {error!r}. Remove it.") from error


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _to_json(token: Token) -> bytes:
    return json.dumps({**token.to_plain(), "digest": token.digest}).encode()
