"""Ports, passwords and keys of a local stack."""

from __future__ import annotations

import stat
from pathlib import Path

import jwt
import pytest

from fluxio_local.errors import LocalStackError
from fluxio_local.state import State


def test_state_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    state = State.load(tmp_path)
    state.save(tmp_path)
    assert State.load(tmp_path) == state


def test_two_states_share_no_secret(tmp_path: Path) -> None:
    first, second = State.load(tmp_path).model_dump(), State.load(tmp_path).model_dump()
    secret = {name for name in first if "password" in name or "secret" in name or name.endswith("_key")}
    assert all(first[name] != second[name] for name in secret - {"gateway_key"})


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    State.load(tmp_path).save(tmp_path)
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


def test_a_broken_file_says_what_helps(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(LocalStackError, match="start afresh"):
        State.load(tmp_path)


def test_somebody_elses_file_is_not_taken_for_ours(tmp_path: Path) -> None:
    for text in ("{}", "[]", '{"version": 4, "resources": []}'):
        (tmp_path / "state.json").write_text(text)
        with pytest.raises(LocalStackError, match="FLUXIO_LOCAL_DIR"):
            State.load(tmp_path)


def test_a_legacy_key_says_its_role(tmp_path: Path) -> None:
    state = State.load(tmp_path)
    claims = jwt.decode(state.legacy_key("anon"), state.jwt_secret, algorithms=["HS256"])
    assert claims["role"] == "anon"
    assert state.legacy_key("anon") == state.legacy_key("anon")
