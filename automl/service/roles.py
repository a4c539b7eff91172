"""What a user may do: four roles, each of which may do what those before it may.

A viewer reads; a submitter runs searches too; an author brings code with them, where the service allows it; an admin
may do everything.
"""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["viewer", "submitter", "author", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


def allows(role: Role, needed: Role) -> bool:
    """Whether a user of this role may do what needs that one.

    >>> allows("submitter", "viewer"), allows("viewer", "submitter")
    (True, False)
    """
    return ROLES.index(role) >= ROLES.index(needed)
