"""What happens in a soak, and the plant that it happens to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Literal

METERS = 50

#: One request a poll. 64 bits, so that a totalizer is another number in each poll and tells the polls apart.
PROFILE = """
name = "soak"
model = "A meter that is read in one request"
source = "made for the soak"
"""
REGISTERS = (("flow_rate", "m3/h"), ("totalizer", "m3"), ("level", "m"))

#: What goes wrong at the meters meanwhile: unanswered polls are no readings.
EVENTS = """
[[events]]
meters = ["{0}"]
fault = "silent"
at_s = 6
for_s = 4
every_s = 60
[[events]]
meters = ["{1}"]
fault = "busy"
fault_share = 0.2
[[events]]
meters = ["{2}"]
fault = "drop"
fault_share = 0.1
[[events]]
meters = ["{3}"]
fault = "slow"
delay_s = 0.4
"""

Happening = Literal["agent killed", "cut", "API worker killed", "stall"]


@dataclass(frozen=True)
class Scene:
    """`wait_s` after the one before, `what` happens, and lasts `lasts_s` (not of a kill)."""

    wait_s: float
    what: Happening
    lasts_s: float


def story(seed: str, length_s: float) -> Iterator[Scene]:
    """Scenes for `length_s` seconds with quiet at the end.

    First each kind once. The agent is killed in the first half only, so that one process lives through
    the second and its memory can be watched.
    """
    chance = random.Random(seed)  # noqa: S311 (no secret)
    short = length_s < 120
    quiet, pause, trouble = (8.0, (2.0, 4.0), (1.5, 3.0)) if short else (30.0, (5.0, 40.0), (2.0, 60.0))
    kinds: tuple[Happening, ...] = ("agent killed", "cut", "API worker killed", "stall")
    now = 0.0
    for what in chain(kinds, (chance.choice(kinds) for _ in repeat(None))):
        scene = Scene(chance.uniform(*pause), what, 0.0 if "killed" in what else chance.uniform(*trouble))
        now += scene.wait_s + scene.lasts_s
        if now > length_s - quiet:
            return
        if what != "agent killed" or now < length_s / 2:
            yield scene


def write_plant(folder: Path, names: list[str], seed: str) -> Path:
    """The plant's file and its profile."""
    (folder / "soak.toml").write_text(
        PROFILE
        + "".join(
            f'[[registers]]\nmetric = "{metric}"\nfunction_code = 4\naddress = {4 * index}\n'
            f'type = "float64"\nunit = "{unit}"\nscale = 1.0\n'
            for index, (metric, unit) in enumerate(REGISTERS)
        )
    )
    meters = (
        f'[[meters]]\nname = "{name}"\nunit = {unit}\nprofile = "soak.toml"\nmean_flow = {40 + unit}\n'
        for unit, name in enumerate(names, 1)
    )
    file = folder / "plant.toml"
    file.write_text(f'seed = "{seed}"\n' + "".join(meters) + EVENTS.format(*names[1:5]))
    return file


def write_agent(folder: Path, names: list[str], *, modbus_port: int, api_port: int, interval_s: float) -> Path:
    """The agent's file. Its spool and the key are in the folder too."""
    meters = (
        f'[[meters]]\ndevice_id = "{name}"\nunit = {unit}\nprofile = "soak.toml"\ninterval_s = {interval_s}\n'
        for unit, name in enumerate(names, 1)
    )
    file = folder / "agent.toml"
    file.write_text(
        f'[api]\nurl = "http://127.0.0.1:{api_port}"\nkey_file = "{folder / "key"}"\n'
        f'[spool]\npath = "{folder / "spool.sqlite3"}"\n'
        "[sending]\nbackoff_max_s = 2\ntimeout_s = 5\n"
        "[status]\nenabled = false\n"
        # An answer that came after its poll was given up would be served and not stored.
        f"[bus]\nport = {modbus_port}\ntimeout_s = 20\nretries = 0\nbackoff_max_s = 2\n" + "".join(meters)
    )
    return file
