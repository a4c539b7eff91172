"""What a user may do: three roles, each of which may do what those before it may."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["viewer", "submitter", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


def allows(role: Role, needed: Role) -> bool:
    """Whether a user of this role may do what needs that one.

    >>> allows("submitter", "viewer"), allows("viewer", "submitter")
    (True, False)
    """
    return ROLES.index(role) >= ROLES.index(needed)
