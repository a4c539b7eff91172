"""Tokens and the audit log, for admins; and who one is, for everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import BaseModel, ConfigDict, Field

from automl.service.access import Routes, caller
from automl.service.audit import Audit
from automl.service.tokens import LONGEST, Tokens

Day = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class NewToken(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    user: str = Field(max_length=63)
    role: str = Field(max_length=20)
    seconds: float = Field(gt=0, le=LONGEST.total_seconds(), description="how long it is valid")


def add(routes: Routes, tokens: Tokens, audit: Audit) -> None:
    @routes.add("GET", "/me", "viewer")
    def me(request: Request) -> dict[str, Any]:
        """Whose token this is, and until when it is valid."""
        return caller(request).to_plain()

    @routes.add("GET", "/tokens", "admin", in_person=True)
    def listed() -> list[dict[str, Any]]:
        """Every token, without what would let anybody in."""
        return [token.to_plain() for token in tokens.list()]

    @routes.add("POST", "/tokens", "admin", in_person=True, status_code=201)
    def created(request: Request, new: NewToken) -> dict[str, Any]:
        """A new token; its secret is in this answer and nowhere else."""
        shown, token = tokens.create(new.user, new.role, timedelta(seconds=new.seconds))
        audit.write("token created", caller(request).user, token=token.id, of=token.user, role=token.role)
        return {**token.to_plain(), "token": shown}

    @routes.add("DELETE", "/tokens/{token_id}", "admin", in_person=True)
    def revoked(request: Request, token_id: str) -> dict[str, Any]:
        """Lets a token be valid no more."""
        token = tokens.revoke(token_id)
        audit.write("token revoked", caller(request).user, token=token.id, of=token.user)
        return token.to_plain()

    @routes.add("GET", "/audit/{day}", "admin", in_person=True)
    def events(day: Day) -> list[dict[str, Any]]:
        """What was done on one day."""
        return list(audit.read(day))
