"""Where archives lie, by FLUXIO_ARCHIVE_URL."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fluxio_api.archive.places import DirectoryPlace, place_of
from fluxio_api.archive.ports import ArchiveError

MONTH = date(2026, 3, 1)


def test_two_archivers_do_not_write_one_draft(tmp_path: Path) -> None:
    first, second = place_of(tmp_path.as_uri()), DirectoryPlace(tmp_path)
    with first.draft(MONTH) as draft:
        with pytest.raises(ArchiveError, match="another archiver"), second.draft(MONTH):
            pass
        draft.write_bytes(b"whole")
        first.put(draft, "month")
    assert [file.name for file in tmp_path.iterdir()] == ["month"]
    with second.open("month") as file:
        assert file.read() == b"whole"


def test_a_draft_that_fails_is_gone_and_one_that_was_killed_is_written_over(tmp_path: Path) -> None:
    place = DirectoryPlace(tmp_path)
    (tmp_path / "flow_data_2026-03.part").write_bytes(b"of a killed one")
    with pytest.raises(ZeroDivisionError), place.draft(MONTH):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), DirectoryPlace(tmp_path / "not-mounted").draft(MONTH):
        pass
