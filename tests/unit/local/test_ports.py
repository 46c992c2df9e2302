"""Which port a part of the stack gets."""

from __future__ import annotations

import socket

import pytest

from fluxio_local import ports
from fluxio_local.errors import LocalStackError


def test_a_free_usual_port_is_taken() -> None:
    usual = ports.free_port()
    assert ports.choose("NAME", wanted=None, usual=[None, usual]) == usual


def test_a_taken_usual_port_gives_another() -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        taken = server.getsockname()[1]
        chosen = ports.choose("NAME", wanted=None, usual=[taken])
    assert chosen != taken


def test_a_port_of_another_part_is_not_taken() -> None:
    usual = ports.free_port()
    assert ports.choose("NAME", wanted=None, usual=[usual], others=[usual]) != usual


def test_a_taken_wanted_port_is_an_error_that_names_the_setting() -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(LocalStackError, match="FLUXIO_LOCAL_PORT"):
            ports.choose("FLUXIO_LOCAL_PORT", wanted=taken, usual=[])


def test_ports_asked_for_together_differ() -> None:
    assert len(set(ports.free_ports(50))) == 50
