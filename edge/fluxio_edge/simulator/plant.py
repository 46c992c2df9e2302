"""The meters of a plant, by name."""

from __future__ import annotations

from pathlib import Path

from fluxio_edge.profiles import load_profile
from fluxio_edge.reading import Clock, utc_now
from fluxio_edge.registers import Register
from fluxio_edge.simulator.meter import Meter
from fluxio_edge.simulator.plant_file import PlantFile
from fluxio_edge.toml_model import load_toml


class Plant:
    """Meters and their register maps. `meters` and `registers` are by the meter's name."""

    def __init__(self, file: PlantFile, *, folder: Path | None = None, clock: Clock = utc_now) -> None:
        """Profiles given as files are looked for in `folder`. Raises ConfigError."""
        self.meters: dict[str, Meter] = {}
        self.registers: dict[str, tuple[Register, ...]] = {}
        for settings in file.meters:
            self.meters[settings.name] = Meter(settings, clock=clock, seed=file.seed, utc_offset_h=file.utc_offset_h)
            self.registers[settings.name] = load_profile(settings.profile, beside=folder).decoders()


def load_plant(path: Path, *, clock: Clock = utc_now) -> Plant:
    """The plant that the file at `path` describes. Raises ConfigError."""
    return Plant(load_toml(path, PlantFile), folder=path.parent, clock=clock)
