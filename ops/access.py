"""Who may do what: each act of a person stands here once, with the roles that may do it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a person is to the desk. Everybody who signs in may read; the audit is for auditors and administrators."""

    VIEWER = "viewer"
    CLERK = "clerk"  # reviews, corrects, reconciles
    OPERATOR = "operator"  # sees that files flow
    ADMIN = "admin"  # retries, pauses, sets up
    AUDITOR = "auditor"  # reads what people did


ALL_ROLES = frozenset(Role)
"""For a site that has no users yet: whoever reaches its database sets it up."""

OF_ONESELF = frozenset({"change own password", "make own token", "end own token"})
"""Acts of everybody who may sign in, on what is theirs alone."""

_BY_ROLES: tuple[tuple[tuple[Role, ...], tuple[str, ...]], ...] = (
    (
        (Role.CLERK,),
        (
            "assign", "share out", "undo", "choose order", "propose refund", "refunded", "withdraw refund", "approve",
            "explain", "stop case", "resume case", "write numbers again", "apply", "set aside", "decide again",
            "reject suggestion", "rule on", "add cost", "withdraw item", "waive", "withdraw waiver", "merge case",
            "unmerge case", "close case", "reopen case", "sign day", "reopen day", "send back", "take up",
        ),
    ),
    ((Role.CLERK, Role.OPERATOR), ("release", "refuse")),
    ((Role.CLERK, Role.ADMIN), ("rule off",)),
    ((Role.CLERK, Role.OPERATOR, Role.ADMIN), ("comment", "acknowledge")),
    ((Role.OPERATOR,), ("add file", "read again", "release file", "refuse file", "mark known", "try again")),
    ((Role.OPERATOR, Role.ADMIN), ("stop delivery", "case apply", "fetch", "import")),
    (
        (Role.ADMIN,),
        (
            "retry", "retry all", "stop job", "ask", "confirm", "declare absent", "post by hand", "void", "restore", "start delivery",
            "end shadow", "run", "pause", "skip", "resume", "convert", "recover", "forget", "client apply", "add user",
            "change roles", "disable user", "enable user", "link user", "set password", "end sessions", "make token",
            "end token", "take bundle",
        ),
    ),
    (tuple(Role), tuple(sorted(OF_ONESELF))),
)  # fmt: skip
ACTS: Mapping[str, frozenset[Role]] = {act: frozenset(roles) for roles, acts in _BY_ROLES for act in acts}
"""Every act by the name that the audit has, and the roles of which a person needs one."""


def may(roles: Iterable[Role], act: str) -> bool:
    """Whether somebody with these roles may do the act; KeyError for an act that stands in no row."""
    return not ACTS[act].isdisjoint(roles)
