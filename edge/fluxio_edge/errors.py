"""What can go wrong, as one tree.

EdgeError
├── ConfigError     a setting is missing or wrong; the text is for the person who wrote it
├── ReadError       a meter did not answer, or answered with a Modbus exception
│   └── UnreachableError    the way to the meter is closed, which says nothing about the meter
└── SpoolError      the readings' file cannot be used
"""

from __future__ import annotations


class EdgeError(Exception):
    """Base of the edge's own errors; the text is fit to be shown."""


class ConfigError(EdgeError):
    """A setting is missing or wrong."""


class ReadError(EdgeError):
    """A meter gave no registers.

    `answered` tells an answer without registers (the meter is there) from silence; `code` is the
    number of its Modbus exception, if it was one.
    """

    def __init__(self, message: str, *, answered: bool = False, code: int | None = None) -> None:
        """`message` is the reason in words."""
        super().__init__(message)
        self.answered = answered
        self.code = code


class UnreachableError(ReadError):
    """The host refuses, the network is away or the serial device is missing.

    `told` says that the log has it already, in a line about the bus.
    """

    def __init__(self, message: str, *, told: bool = False) -> None:
        """`message` is the reason in words."""
        super().__init__(message)
        self.told = told


class SpoolError(EdgeError):
    """The spool's file cannot be used."""
