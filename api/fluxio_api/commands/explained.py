"""How a command ends that cannot do its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ..archive import ArchiveError
from ..problems import Problem
from ..stores.admin import AdministrationError


@contextmanager
def explained() -> Iterator[None]:
    """End the command with the reason instead of a trace."""
    try:
        yield
    except (AdministrationError, ArchiveError, Problem) as error:
        raise click.ClickException(str(error)) from error
