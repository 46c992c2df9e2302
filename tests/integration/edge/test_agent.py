"""The agent as a process between a simulated plant and a receiver that fails in every way it can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fluxio_edge.spool_file import read_counts
from support.plant import RunningPlant, agent_file, running_agent, running_plant, stored_ever, waiting
from support.receiver import Mood, Receiver, listening, wait_until

TWO = {"NIVUS_01": 1, "NIVUS_02": 2}


@pytest.fixture(scope="module")
def plant() -> Iterator[RunningPlant]:
    with running_plant() as plant:
        yield plant


@pytest.fixture(autouse=True)
def _healthy(plant: RunningPlant) -> Iterator[None]:
    yield
    for name in TWO:
        plant.set(name, flow_rate=None, fault=None)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with listening(receiver):
        yield receiver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("flx_test")
    return tmp_path


def assert_all_arrived(receiver: Receiver, folder: Path) -> None:
    """What the agent ever stored was taken, and nothing is left."""
    counts = read_counts(folder / "spool.sqlite3")
    assert (counts.waiting, counts.quarantined, counts.dropped_readings) == (0, 0, 0)
    assert len(receiver.taken) == stored_ever(folder)


def test_a_value_set_in_the_plant_arrives_in_our_units(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    plant.set("NIVUS_01", flow_rate=450, level=1.5, velocity=0.75, temperature=94.225075)
    with running_agent(agent_file(folder, plant, receiver.url, meters=TWO)) as agent:
        wait_until(lambda: receiver.of("NIVUS_01"), "a reading")
        agent.stop()
    first = receiver.of("NIVUS_01")[0]
    assert (first["flow_rate"], first["level"], first["velocity"]) == (450.0, 1.5, 0.75)
    assert first["temperature"] == 94.225075
    assert isinstance(first["totalizer"], float)
    assert first["quality"] == "good"
    assert str(first["created_at"]).endswith("Z")
    plant.set("NIVUS_01", level=None, velocity=None, temperature=None)


def test_rtu_frames_over_tcp_are_read_as_well(receiver: Receiver, folder: Path) -> None:
    with running_plant(framer="rtu") as plant:
        plant.set("NIVUS_02", flow_rate=450, fault="silent")
        with running_agent(agent_file(folder, plant, receiver.url, meters=TWO)) as agent:
            wait_until(lambda: len(receiver.of("NIVUS_01")) > 2, "readings beside a silent meter on one line")
            assert receiver.of("NIVUS_02") == []
            plant.set("NIVUS_02", fault=None)
            wait_until(lambda: receiver.of("NIVUS_02"), "readings of the meter that came back")
            agent.stop()
    assert receiver.of("NIVUS_02")[0]["flow_rate"] == 450.0


def test_while_all_is_well_one_connection_is_kept_and_nothing_is_logged(
    plant: RunningPlant, receiver: Receiver, folder: Path
) -> None:
    with running_agent(agent_file(folder, plant, receiver.url, meters=TWO)) as agent:
        wait_until(lambda: receiver.posts >= 10, "ten posts")
        agent.stop()
    assert receiver.connections == 1
    lines = agent.log.splitlines()
    assert len(lines) == 2, lines
    assert "polling 2 meter(s)" in lines[0]
    assert "stopped" in lines[1]


@pytest.mark.parametrize("mood", ["busy", "drop", "lose"])
def test_what_the_api_fails_to_answer_for_arrives_later_and_once(
    plant: RunningPlant, receiver: Receiver, folder: Path, mood: Mood
) -> None:
    with running_agent(agent_file(folder, plant, receiver.url, meters=TWO)) as agent:
        wait_until(lambda: receiver.taken, "a reading")
        receiver.mood = mood
        failed_at = receiver.posts
        wait_until(lambda: receiver.posts > failed_at + 3, "failed posts")
        receiver.mood = "ok"
        wait_until(lambda: waiting(folder) < 3, "the spool to empty")
        agent.stop()
    assert len(agent.log.splitlines()) <= 4, agent.log
    assert (receiver.repeats > 0) == (mood == "lose"), "only what was taken and not answered for comes again"
    assert_all_arrived(receiver, folder)


def test_nothing_is_lost_while_the_api_is_away(plant: RunningPlant, folder: Path) -> None:
    receiver = Receiver()
    with listening(receiver):
        pass  # only to have a port, on which nobody listens for now
    with running_agent(agent_file(folder, plant, receiver.url, meters=TWO)) as agent:
        wait_until(lambda: (folder / "spool.sqlite3").exists() and waiting(folder) > 10, "a backlog")
        with listening(receiver):
            wait_until(lambda: len(receiver.taken) > 20, "the backlog at the API")
        taken = len(receiver.taken)
        wait_until(lambda: waiting(folder) > 10, "another backlog")
        with listening(receiver):
            wait_until(lambda: len(receiver.taken) > taken + 20, "the other backlog")
            wait_until(lambda: waiting(folder) < 3, "the spool to empty")
            agent.stop()
    assert_all_arrived(receiver, folder)
    changes = [line for line in agent.log.splitlines() if " link: " in line]
    assert len(changes) == 4, "away, back, away, back"


def test_killed_again_and_again_the_agent_loses_and_doubles_nothing(
    plant: RunningPlant, receiver: Receiver, folder: Path
) -> None:
    config = agent_file(folder, plant, receiver.url, meters=TWO)
    stored: set[str] = set()
    for mood in ("ok", "lose", "busy"):
        receiver.mood = "ok"
        with running_agent(config) as agent:
            before = len(receiver.taken)
            wait_until(lambda n=before: len(receiver.taken) > n + 5, "readings")  # type: ignore[misc]
            receiver.mood = mood
            posts = receiver.posts
            wait_until(lambda n=posts: receiver.posts > n + 1, "posts")  # type: ignore[misc]
            agent.kill()
        stored.add(str(read_counts(folder / "spool.sqlite3").newest))
    receiver.mood = "ok"
    taken = len(receiver.taken)
    with running_agent(config) as agent:
        wait_until(lambda: len(receiver.taken) > taken + 5, "readings")
        wait_until(lambda: waiting(folder) < 3, "the spool to empty")
        agent.stop()
    times = {str(each["created_at"]) for name in TWO for each in receiver.of(name)}
    assert stored - {"None"} <= times, "what was on disk at the kill arrived"
    assert receiver.repeats > 0, "what was taken and not answered for was sent again"
    assert receiver.conflicts == 0, "and was the same reading"
    assert_all_arrived(receiver, folder)


def test_a_meter_that_is_dead_does_not_delay_the_others(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    config = agent_file(folder, plant, receiver.url, meters=TWO)
    config.write_text(config.read_text().replace("timeout_s = 0.5", "timeout_s = 2"))
    plant.set("NIVUS_02", fault="silent")
    asked_before = plant.requests("NIVUS_02")
    with running_agent(config) as agent:
        wait_until(lambda: len(receiver.of("NIVUS_01")) >= 40, "readings of the living")
        assert receiver.of("NIVUS_02") == []
        # Had the living waited for the dead, it would have been read as often as the dead was asked.
        assert plant.requests("NIVUS_02") - asked_before < 20
        plant.set("NIVUS_02", fault=None)
        wait_until(lambda: receiver.of("NIVUS_02"), "the dead to rise")
        agent.stop()
    about = [line for line in agent.log.splitlines() if "meter NIVUS_02" in line]
    assert len(about) == 2, about
    assert "does not answer: no answer from unit 2" in about[0]
    assert "answers with all its values" in about[1]


def test_a_busy_meter_is_told_apart_from_a_silent_one(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    plant.set("NIVUS_01", fault="busy")
    with running_agent(agent_file(folder, plant, receiver.url, meters=TWO)) as agent:
        wait_until(lambda: len(receiver.of("NIVUS_02")) > 5, "readings")
        agent.stop()
    assert receiver.of("NIVUS_01") == []
    assert "meter NIVUS_01: refuses every request: device busy (address 10, 8 registers)" in agent.log


def test_a_value_that_is_no_number_is_flagged_and_the_rest_sent(
    plant: RunningPlant, receiver: Receiver, folder: Path
) -> None:
    plant.set("NIVUS_01", fault="nan")
    with running_agent(agent_file(folder, plant, receiver.url, meters=TWO)) as agent:
        wait_until(lambda: len(receiver.of("NIVUS_01")) > 5, "readings")
        agent.stop()
    reading = receiver.of("NIVUS_01")[0]
    assert "flow_rate" not in reading
    assert "velocity" not in reading
    assert isinstance(reading["totalizer"], float)
    assert (reading["quality"], reading["flags"]) == ("suspect", ["invalid_float"])
    assert agent.log.count("meter NIVUS_01: answers without a value for flow_rate (invalid_float)") == 1


def test_meters_that_nobody_answers_for_are_found_when_the_plant_comes(receiver: Receiver, folder: Path) -> None:
    with running_plant() as plant:
        config = agent_file(folder, plant, receiver.url, meters=TWO)
    with running_agent(config) as agent:
        wait_until(lambda: "meter NIVUS_02: does not answer: no connection to" in agent.log, "a line of log")
        plant_file = folder / "plant.toml"
        plant_file.write_text('[[meters]]\nname = "NIVUS_01"\nunit = 1\nmean_flow = 20\n')
        with running_plant(plant_file, port=plant.port):
            wait_until(lambda: receiver.of("NIVUS_01"), "a reading")
            agent.stop()


def test_a_refused_key_pauses_sending_until_there_is_another(
    plant: RunningPlant, receiver: Receiver, folder: Path
) -> None:
    (folder / "key").write_text("flx_old")
    with running_agent(agent_file(folder, plant, receiver.url, meters=TWO)) as agent:
        wait_until(lambda: receiver.posts >= 3, "attempts with the old key")
        assert receiver.taken == {}
        (folder / "key").write_text("flx_test")
        wait_until(lambda: receiver.taken, "readings under the new key")
        wait_until(lambda: waiting(folder) < 3, "the spool to empty")
        agent.stop()
    assert agent.log.count("the API refuses the key: HTTP 401 (invalid_key)") == 1
    assert "flx_" not in agent.log
    assert_all_arrived(receiver, folder)


def test_sigterm_sends_what_waits_and_ends(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    config = agent_file(folder, plant, receiver.url, meters=TWO)
    config.write_text(config.read_text().replace("linger_s = 0.05", "linger_s = 60"))
    with running_agent(config) as agent:
        wait_until(lambda: (folder / "spool.sqlite3").exists() and waiting(folder) > 4, "readings")
        assert receiver.taken == {}
        agent.stop()
    assert len(receiver.taken) > 4
    assert waiting(folder) == 0


def test_settings_of_the_environment_reach_the_agent(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    config = agent_file(folder, plant, "http://127.0.0.1:9", meters=TWO)
    (folder / "key").unlink()
    settings = {"FLUXIO_API_URL": receiver.url, "FLUXIO_API_KEY": "flx_test", "FLUXIO_EDGE_DATA": str(folder / "other")}
    with running_agent(config, **settings) as agent:
        wait_until(lambda: receiver.taken, "a reading")
        agent.stop()
    assert (folder / "other").exists()
    assert not (folder / "spool.sqlite3").exists()
