"""What a user may do: roles, each of which may do what those before it may.

A delegate is no user: it may do nothing but speak for users, as a dashboard does that knows who they are. A viewer
reads; a submitter runs searches too; an author brings code with them, where the service allows it; an admin may do
everything.
"""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["delegate", "viewer", "submitter", "author", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


def allows(role: Role, needed: Role) -> bool:
    """Whether a user of this role may do what needs that one.

    >>> allows("submitter", "viewer"), allows("viewer", "submitter")
    (True, False)
    """
    return ROLES.index(role) >= ROLES.index(needed)
