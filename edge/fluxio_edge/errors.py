"""What can go wrong, as one tree.

EdgeError
├── ConfigError     a setting is missing or wrong; the text is for the person who wrote it
├── ReadError       a meter did not answer, or answered with a Modbus exception
└── SpoolError      the readings' file cannot be used
"""

from __future__ import annotations


class EdgeError(Exception):
    """Base of the edge's own errors; the text is fit to be shown."""


class ConfigError(EdgeError):
    """A setting is missing or wrong."""


class ReadError(EdgeError):
    """A meter gave no registers.

    `answered` tells a Modbus exception (the meter is there and refuses) from silence.
    """

    def __init__(self, message: str, *, answered: bool = False) -> None:
        """`message` is the reason in words."""
        super().__init__(message)
        self.answered = answered


class SpoolError(EdgeError):
    """The spool's file cannot be used."""
