"""A month that is put back is what it was, pages nobody, counts nothing twice, and stays as long as was said."""

from __future__ import annotations

import json

from .conftest import APRIL_GOES, MARCH_GOES, Site, history


def test_a_restored_month_is_what_it_was_and_counts_once(site: Site) -> None:
    read = "select * from public.flow_data order by device_id, created_at"
    side_effects = (
        "select (select count(*) from public.alerts), (select count(*) from public.flow_data_hourly where is_stale),"
        " (select array_agg(latest::text order by device_id) from public.latest_readings as latest)"
    )
    readings, statistics = site.rows(read), site.statistics()
    assert site.rows("select count(*) from public.alert_rules") == [(0,)]
    site.database.execute(
        "insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)"
        " values ('N_b', 'High', 'high_flow', 1)"
    )
    site.succeed()
    site.retain(APRIL_GOES)
    assert site.statistics() == statistics
    before = site.rows(side_effects)

    assert site.succeed("restore", "2026-03") == "2026-03 restored\n"
    assert site.succeed("restore", "2026-03") == "2026-03 restored\n"
    assert site.succeed("restore", "2026-04") == "2026-04 restored\n"
    assert site.rows(read) == readings
    assert site.rows(side_effects) == before
    assert site.statistics() == statistics

    # Retention leaves both, then drops them as they are archived, and the statistics stay.
    assert site.retain(APRIL_GOES).startswith("0 months dropped")
    assert site.states() == {"03": "restored", "04": "restored"}
    site.database.execute("update private.flow_data_archives set kept_until = '2026-01-01Z'")
    assert site.retain(APRIL_GOES).startswith("2 months dropped")
    assert site.statistics() == statistics


def test_a_restored_month_that_is_corrected_is_archived_again(site: Site) -> None:
    site.succeed()
    site.retain(MARCH_GOES)
    site.succeed("restore", "2026-03", "--keep-days", "1")
    site.database.execute(
        "update public.flow_data set metadata = '{\"checked\": true}'"
        " where device_id = 'N_b' and created_at < '2026-03-02Z'"
    )
    site.database.execute("update private.flow_data_archives set kept_until = '2026-01-01Z'")
    assert site.retain(MARCH_GOES).startswith("0 months dropped")
    assert site.states()["03"] == "due"
    with site.api() as client:
        before = history(client, site.north)
        assert sum(row["metadata"] == {"checked": True} for row in before) == 72
        site.succeed()
        assert site.retain(MARCH_GOES).startswith("1 months dropped")
        assert history(client, site.north) == before
    # The older file stays: nothing deletes one that was noted.
    assert len(list(site.directory.glob("*2026-03*"))) == 2


def test_a_month_that_is_half_restored_is_read_whole_and_once(site: Site) -> None:
    site.succeed()
    with site.api() as client:
        before = history(client, site.north)
        rows = site.rows("select * from public.flow_data where created_at < '2026-03-20Z' and device_id <> 'S_b'")
        site.retain(MARCH_GOES)
        site.database.execute("select private.create_flow_data_months('2026-03-01Z', '2026-03-01Z')")
        with site.database.cursor() as cursor, cursor.copy("copy private.flow_data_2026_03 from stdin") as copy:
            for device_id, created_at, received_at, *values, metadata in rows:
                copy.write_row((device_id, created_at, received_at, *values, json.dumps(metadata)))
        assert site.rows("select count(*) from public.flow_data where created_at < '2026-04-01Z'") == [(len(rows),)]
        assert history(client, site.north) == before
        assert history(client, site.north, limit="333") == before
        assert site.retain(MARCH_GOES).startswith("0 months dropped")
        assert site.succeed("restore", "2026-03") == "2026-03 restored\n"
        assert history(client, site.north) == before


def test_a_reading_that_differs_stops_the_restore(site: Site) -> None:
    site.succeed()
    site.retain(MARCH_GOES)
    site.database.execute("select private.create_flow_data_months('2026-03-01Z', '2026-03-01Z')")
    site.database.execute(
        "insert into private.flow_data_2026_03 (device_id, created_at, received_at, level)"
        " values ('N_b', '2026-03-10T00:00:00.000001Z', '2026-03-10Z', 9)"
    )
    stopped = site.command("restore", "2026-03")
    assert stopped.returncode == 1
    assert "2026-03: the archive and the database have other readings" in stopped.stderr
    assert site.states()["03"] == "dropped"
    # One that is of another time is kept, and archived with the others before they go.
    site.database.execute("update private.flow_data_2026_03 set created_at = '2026-03-10T00:00:00.5Z' where level = 9")
    assert site.succeed("restore", "2026-03") == "2026-03 due\n"
    assert site.rows("select count(*) from public.flow_data where created_at < '2026-04-01Z'") == [(4 * 31 * 72 + 1,)]
    assert "2026-03 8929 readings" in site.succeed()


def test_a_month_that_was_never_dropped_is_not_restored(site: Site) -> None:
    site.succeed()
    assert "2026-03 was not dropped" in site.command("restore", "2026-03").stderr
    assert site.command("restore", "2026-3x").returncode == 2
