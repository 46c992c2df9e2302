"""Where archives lie: a directory, or a bucket of an S3-compatible store."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from .ports import ArchiveError, Place

_CHUNK = 1_048_576
#: For S3 [s].
_CONNECT_TIMEOUT, _REQUEST_TIMEOUT = 5, 30


def place_of(url: str) -> Place:
    """What FLUXIO_ARCHIVE_URL names; nothing is opened yet."""
    parts = urlsplit(url)
    return DirectoryPlace(Path(unquote(parts.path))) if parts.scheme == "file" else S3Place(url)


class DirectoryPlace:
    """Files in a directory, which has to exist: a disk that is not mounted must not look like an empty archive."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @contextmanager
    def draft(self, month: date) -> Iterator[Path]:
        """A file in the directory that one archiver alone has; what a killed one left is written over."""
        path = self._directory / f"flow_data_{month:%Y-%m}.part"
        with path.open("ab") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ArchiveError(f"another archiver writes {path}") from None
            try:
                yield path
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def put(self, draft: Path, name: str) -> None:
        """Rename it, once it is on the disk, and wait for the name to be there too."""
        _sync(draft)
        draft.replace(self._directory / name)
        _sync(self._directory)

    def open(self, name: str) -> IO[bytes]:
        """The file."""
        return cast("IO[bytes]", pa.OSFile(str(self._directory / name)))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class S3Place:
    """Objects below a prefix; credentials and region are the environment's, as every AWS client reads them."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._prefix = f"{parts.netloc}/{unquote(parts.path).strip('/')}".rstrip("/")
        self._options = {name: values[-1] for name, values in parse_qs(parts.query).items()}

    @contextmanager
    def draft(self, month: date) -> Iterator[Path]:
        """A file in TMPDIR."""
        with TemporaryDirectory(prefix="fluxio-archive-") as directory:
            yield Path(directory) / f"flow_data_{month:%Y-%m}.part"

    def put(self, draft: Path, name: str) -> None:
        """Upload it. One that breaks off may leave a part of it, which nobody asks for and the next try replaces."""
        with draft.open("rb") as source, self._store.open_output_stream(f"{self._prefix}/{name}") as target:
            shutil.copyfileobj(source, target, _CHUNK)

    def open(self, name: str) -> IO[bytes]:
        """The object."""
        return cast("IO[bytes]", self._store.open_input_file(f"{self._prefix}/{name}"))

    @cached_property
    def _store(self) -> fs.S3FileSystem:
        # On first use: a worker that was forked before must not share its threads.
        return fs.S3FileSystem(connect_timeout=_CONNECT_TIMEOUT, request_timeout=_REQUEST_TIMEOUT, **self._options)
