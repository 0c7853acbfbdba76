"""The operators' console: pages drawn on the server, over the same queries and repairs as the command line."""

from ops.console.app import create
from ops.console.looking import Desk

__all__ = ["Desk", "create"]
