"""What is wrong with a configuration that the files alone do not show, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fluxio_edge.config import AgentSetup
from fluxio_edge.errors import ConfigError
from fluxio_edge.meter_settings import BusSettings, MeterSettings
from fluxio_edge.place import SerialPlace
from fluxio_edge.profile_file import Profile, ProfileRegister
from fluxio_edge.read_plan import Block
from fluxio_edge.tls import trusted
from fluxio_edge.units import CONVERSIONS

#: Characters of an RTU request, and of an answer beside its words.
_REQUEST, _ANSWER = 8, 5
#: What a meter takes to begin its answer, as a rule of thumb [s].
_THINKING_S: Final = 0.03


def faults(setup: AgentSetup) -> Iterator[str]:
    """What keeps the agent from reading or sending."""
    for needed in (setup.read_key, lambda: trusted(setup.config.api.ca_file)):
        try:
            needed()
        except ConfigError as error:
            yield str(error)
    told: set[str] = set()
    for meter in setup.config.meters:
        place = setup.config.bus_of(meter).place()
        if isinstance(place, SerialPlace) and place.device not in told:
            told.add(place.device)
            if fault := place.fault():
                yield f"serial device {place.device}: {fault}"


def notes(setup: AgentSetup) -> Iterator[str]:
    """What works, and is most likely not meant."""
    used = {setup.config.bus_name(meter) for meter in setup.config.meters}
    yield from (f"no meter is on bus {bus.name}" for bus in setup.config.buses if bus.name not in used)
    for name in sorted(used):
        meters = [meter for meter in setup.config.meters if setup.config.bus_name(meter) == name]
        yield from _line_notes(name, setup.config.bus_of(meters[0]), meters, setup.profiles)
    for name, profile in sorted(setup.profiles.items()):
        yield from (f"profile {name}: {note}" for each in profile.registers for note in _register_notes(each))


def _line_notes(
    name: str, bus: BusSettings, meters: list[MeterSettings], profiles: dict[str, Profile]
) -> Iterator[str]:
    place = bus.place()
    if not isinstance(place, SerialPlace):
        return
    longest = max(
        (block for meter in meters for block in profiles[meter.profile].blocks()), key=lambda each: each.count
    )
    if _answer_s(longest, place) > bus.timeout_s:
        yield (
            f"bus {name}: {longest.count} registers take {_answer_s(longest, place):.2g} s at {place.baud_rate} baud, "
            f"and timeout_s is {bus.timeout_s:g}"
        )
    load = sum(_poll_s(profiles[meter.profile].blocks(), place, bus.pause) / meter.interval_s for meter in meters)
    if load > 0.9:
        yield f"bus {name}: its meters at their intervals need {load:.0%} of the line's time: poll less often"


def _poll_s(blocks: tuple[Block, ...], place: SerialPlace, pause_s: float) -> float:
    return sum(_REQUEST * place.character_s + _answer_s(block, place) + pause_s for block in blocks)


def _answer_s(block: Block, place: SerialPlace) -> float:
    return _THINKING_S + (_ANSWER + 2 * block.count) * place.character_s


def _register_notes(register: ProfileRegister) -> Iterator[str]:
    known = CONVERSIONS[register.metric].get(register.unit)
    if register.scale is not None and register.register().is_float and known is not None and register.scale != known[0]:
        yield (
            f"{register.metric} is a float in {register.unit}, for which the scale is {known[0]:g}, "
            f"and not {register.scale:g}"
        )
