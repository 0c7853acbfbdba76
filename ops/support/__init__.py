"""What somebody who helps needs to know of a site: how it is made and how it is, without secrets and people."""

from ops.access import Role
from ops.support.bundle import make
from ops.support.system import System, system

READERS = frozenset({Role.ADMIN})
"""Who sees the settings: whoever sets up."""

__all__ = ["READERS", "System", "make", "system"]
