"""Months of readings in files beside the database: written, verified, read and put back.

Only `parquet` and `places` import pyarrow, which the extra `archive` installs.
"""

from __future__ import annotations

from .ports import ArchiveError

__all__ = ["ArchiveError"]
