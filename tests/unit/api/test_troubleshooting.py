"""docs/troubleshooting.md knows every code that a gateway can meet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from fluxio_api.described import described_app
from fluxio_api.openapi.operation import operation_of
from fluxio_edge.registers import ValueFlag

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
#: What has a row of its own.
EXPLAINED = {
    code
    for line in PAGE.splitlines()
    if re.match(r"\| `\w+`(, `\w+`)* \|", line)
    for code in re.findall(r"`(\w+)`", line.split("|")[1])
}


def sources(*folders: str, kind: str = "py") -> str:
    return "\n".join(path.read_text() for folder in folders for path in sorted((ROOT / folder).rglob(f"*.{kind}")))


def answers() -> set[str]:
    """The problems of POST /api/ingest, and of a POST to a wrong address."""
    operation = operation_of(described_app().view_functions["ingest.ingest"])
    assert operation
    return {*operation.problems, "not_found", "method_not_allowed"}


def results() -> set[str]:
    """The codes of results that docs/api.md lists."""
    (listed,) = re.findall(r"^Codes of a result: (.*?)\n\n", (ROOT / "docs" / "api.md").read_text(), re.M | re.S)
    codes = set(re.findall(r"`(\w+)`", listed))
    assert {"too_old", "unknown_device"} <= codes
    return codes


def reasons() -> set[str]:
    """Why something is a dead letter, beside the codes of answers and results."""
    found = set(re.findall(r"(?:Leftover\(|bury\(\w+, )\"(\w+)\"", sources("api/fluxio_api/ingest")))
    assert {"unmapped_register", "not_processed"} <= found
    return found


def flags() -> set[str]:
    """What the agent, the API and the database flag."""
    api = set(re.findall(r"Decoded\(None, \"(\w+)\"\)|flags=\[\"(\w+)\"\]", sources("api/fluxio_api/ingest")))
    edge = set(re.findall(r"flags\.append\(\"(\w+)\"\)", sources("edge/fluxio_edge")))
    database = set(
        re.findall(r"'(ghost_zero|zero_unconfirmed|clock_suspect)'", sources("supabase/migrations", kind="sql"))
    )
    profiles = set(re.findall(r"flag = \"(\w+)\"", sources("edge/fluxio_edge/profiles", kind="toml")))
    found = {*get_args(ValueFlag), *(one or other for one, other in api), *edge, *database, *profiles}
    assert {"map_conflict", "ambiguous_data", "partial", "ghost_zero", "sensor_invalid"} <= found
    return found


@pytest.mark.parametrize("code", sorted(answers() | results() | reasons() | flags()))
def test_a_code_that_a_gateway_can_meet_is_explained(code: str) -> None:
    assert code in EXPLAINED


def test_no_other_code_is_explained() -> None:
    states = set(re.findall(r"^\| `(\w{5})` \|", (ROOT / "docs" / "error-codes.md").read_text(), re.MULTILINE))
    assert EXPLAINED - answers() - results() - reasons() - flags() <= states
