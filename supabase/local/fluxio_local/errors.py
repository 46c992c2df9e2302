"""What can go wrong with the local stack, in words for a person at a terminal."""

from __future__ import annotations


class LocalStackError(Exception):
    """The stack cannot do what was asked; the text says why and what helps."""
