"""Who looks at the pages, and what they may do."""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from automl.service.roles import Role, allows


@dataclass(frozen=True)
class User:
    """Who is signed in; on one's own machine, whoever started the dashboard."""

    name: str
    role: Role


def user() -> User:
    """The user of this session."""
    return User(getpass.getuser(), "admin")


def why_not(needed: Role) -> str | None:
    """Why the user of this session may not do what needs this role; None where they may."""
    role = user().role
    return None if allows(role, needed) else f"This takes the role {needed}; yours is {role}."
