"""The agent on the simulator's serial line and on its clamp-on meter."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.plant import RunningPlant, running_agent, running_plant
from support.receiver import Receiver, listening, wait_until

PLANT = """
[[meters]]
name = "M1"
unit = 1
mean_flow = 50_000
nominal_level = 1
channel_width = 6
profile = "{profile}"
[[meters]]
name = "M2"
unit = 2
mean_flow = 50_000
profile = "{profile}"
[[events]]
meters = ["M2"]
fault = "nan"
"""


def agent_on(folder: Path, plant: RunningPlant, profile: str, url: str) -> Path:
    (folder / "key").write_text("flx_test")
    file = folder / "agent.toml"
    file.write_text(
        f'[api]\nurl = "{url}"\nkey_file = "{folder / "key"}"\n[spool]\npath = "{folder / "spool.sqlite3"}"\n'
        f'[bus]\ndevice = "{plant.device}"\nparity = "none"\ntimeout_s = 2\n'
        + "".join(
            f'[[meters]]\ndevice_id = "M{unit}"\nunit = {unit}\nprofile = "{profile}"\ninterval_s = 0.2\n'
            for unit in (1, 2)
        )
    )
    return file


@pytest.mark.parametrize(("profile", "flag"), [("nivus_750", "invalid_float"), ("nivusonic", "sensor_invalid")])
def test_meters_on_a_serial_line_are_read(tmp_path: Path, profile: str, flag: str) -> None:
    (tmp_path / "plant.toml").write_text(PLANT.format(profile=profile))
    receiver = Receiver()
    with listening(receiver), running_plant(tmp_path / "plant.toml", options=("--serial", "pty")) as plant:
        plant.set("M1", flow_rate=36_000, level=1.5, velocity=0.75, temperature=18.5)
        with running_agent(agent_on(tmp_path, plant, profile, receiver.url)) as agent:
            wait_until(lambda: len(receiver.of("M1")) > 2 and len(receiver.of("M2")) > 2, "readings")
            agent.stop()
    for reading in receiver.of("M1"):
        assert [reading[each] for each in ("flow_rate", "level", "velocity", "temperature")] == [
            36_000,
            1.5,
            0.75,
            18.5,
        ]
        assert reading["quality"] == "good"
    for reading in receiver.of("M2"):
        assert "flow_rate" not in reading
        assert (reading["quality"], reading["flags"]) == ("suspect", [flag])
