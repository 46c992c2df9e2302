"""The meters of a plant, by name."""

from __future__ import annotations

from pathlib import Path

from fluxio_edge.profiles import load_profile
from fluxio_edge.reading import Clock, utc_now
from fluxio_edge.registers import Register
from fluxio_edge.simulator.bus import Bus, Record
from fluxio_edge.simulator.memory import Memory
from fluxio_edge.simulator.meter import Meter
from fluxio_edge.simulator.plant_file import PlantFile
from fluxio_edge.simulator.timetable import timetable
from fluxio_edge.toml_model import load_toml


class Plant:
    """Meters, their register maps and memories, each by the meter's name; `file` is as it was read."""

    def __init__(self, file: PlantFile, *, folder: Path | None = None, clock: Clock = utc_now) -> None:
        """Profiles given as files are looked for in `folder`. Raises ConfigError."""
        self.file = file
        self.meters: dict[str, Meter] = {}
        self.registers: dict[str, tuple[Register, ...]] = {}
        self.memories: dict[str, Memory] = {}
        start = clock()
        for settings in file.meters:
            name = settings.name
            self.meters[name] = Meter(
                settings,
                clock=clock,
                seed=file.seed,
                utc_offset_h=file.utc_offset_h,
                timetable=timetable(file.events, name, start),
                start=start,
            )
            profile = load_profile(settings.profile, beside=folder)
            self.registers[name] = profile.decoders()
            self.memories[name] = Memory(profile.decoders(), profile.meanings(), profile.blocks())

    def bus(self, name: str, *, record: Record | None = None) -> Bus:
        """The bus of that name with its meters."""
        return Bus(
            {
                meter.settings.unit: (meter, self.memories[meter.settings.name])
                for meter in self.meters.values()
                if meter.settings.bus == name
            },
            record=record,
        )


def load_plant(path: Path, *, clock: Clock = utc_now) -> Plant:
    """The plant that the file at `path` describes. Raises ConfigError."""
    return Plant(load_toml(path, PlantFile), folder=path.parent, clock=clock)
