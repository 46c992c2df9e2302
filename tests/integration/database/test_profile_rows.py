"""The register profiles that migrations ship are the ones the edge agent reads meters with."""

from __future__ import annotations

import pytest

from fluxio_edge.profiles import load_profile
from fluxio_edge.registers import UNITS

from .conftest import Database

#: What a manual adds to the wire address of each function code, and RutOS to any.
DOCUMENTED = {3: 40001, 4: 30001}
RUTOS = 1

#: Profiles that the agent has as a file and the database as rows.
BOTH = ["nivus_750"]


@pytest.mark.parametrize("name", BOTH)
def test_a_shipped_profile_is_the_agents_field_by_field(database: Database, name: str) -> None:
    file = load_profile(name)
    [(profile_id, model, source)] = database.rows(
        "select id, model, source from public.register_profiles"
        " where organization_id is null and name = %s and published_at is not null order by version desc limit 1",
        name,
    )
    rows = database.rows(
        "select metric, function_code, address, type, word_order, source_unit, scale, byte_order, value_offset"
        " from public.register_profile_registers where profile_id = %s order by address",
        profile_id,
    )

    assert (model, source) == (file.model, file.source)
    told = [
        (r.metric, r.function_code, r.address, r.type, r.word_order, r.unit, r.scale, "big", 0.0)
        for r in sorted(file.registers, key=lambda register: register.address)
    ]
    assert rows == told
    numbered = {metric: (DOCUMENTED[code] + address, RUTOS + address) for metric, code, address, *_ in rows}
    assert numbered == {r.metric: (r.documented, r.rutos_register) for r in file.registers}


def test_a_metric_of_a_profile_is_one_of_ours(database: Database) -> None:
    [(names,)] = database.rows("select private.measured_names()")
    assert set(names) == set(UNITS)
    metrics = {metric for (metric,) in database.rows("select distinct metric from public.register_profile_registers")}
    assert metrics <= set(names)
