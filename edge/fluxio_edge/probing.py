"""Reading what a meter holds, to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fluxio_edge.answers import Answers
from fluxio_edge.buses import Buses
from fluxio_edge.decodings import decodings
from fluxio_edge.diagnosis import examine
from fluxio_edge.errors import ReadError, UnreachableError
from fluxio_edge.link import Link
from fluxio_edge.meter_settings import MeterSettings, MeterTables
from fluxio_edge.profile_file import Profile
from fluxio_edge.read_plan import TOO_LARGE, Block, smaller
from fluxio_edge.registers import UNITS
from fluxio_edge.status_words import judge

#: The most requests that are spent on finding which registers there are.
_MOST_REQUESTS: Final = 64

#: Exit codes of `fluxio-edge probe`.
READ, SILENT, REFUSED = 0, 3, 4


@dataclass(slots=True)
class Findings:
    """What to show, what to complain about, and the exit code."""

    lines: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    code: int = READ


async def probe_meter(
    tables: MeterTables, meter: MeterSettings, blocks: tuple[Block, ...], profile: Profile | None
) -> Findings:
    """Read `blocks` of the meter; with a profile, also what it makes of them and what would fit better."""
    buses = Buses(tables)
    link = buses.link(meter)
    told: str | None = None
    try:
        answers, refusals, silence = await _read(link, blocks)
        if profile is not None and silence is None:
            values = answers.decode(profile.decoders())
            kept = judge(values, profile.meanings(), answers.words).values
            registers = [each for each in profile.decoders() if each.metric in kept or each.metric not in values]
            told = await examine(link, registers, blocks, answers.words, kept)
    finally:
        buses.close()
    findings = Findings(complaints=[f"unit {meter.unit} refuses {refusal}" for refusal in refusals])
    if silence is not None:
        findings.code = SILENT
        findings.complaints.append(str(silence))
        if not isinstance(silence, UnreachableError):
            findings.complaints.append("a wrong unit id, framing, baud rate or parity looks as a meter that is off")
    elif not answers.words:
        findings.code = REFUSED
    for code in sorted({code for code, _ in answers.words}):
        kind = "input" if code == 4 else "holding"
        findings.lines.append(f"unit {meter.unit} at {link.place}, {kind} registers (function code {code})")
        findings.lines.append("* can be a measurement")
        findings.lines.append("")
        words = {address: word for (each, address), word in answers.words.items() if each == code}
        findings.lines += decodings(code, words)
    if profile is not None and answers.words:
        findings.lines += ["", f"as profile {profile.name} has it:", *_as_the_profile_says(profile, answers)]
    if told is not None:
        findings.lines.append(told)
    return findings


async def _read(link: Link, blocks: tuple[Block, ...]) -> tuple[Answers, list[str], ReadError | None]:
    """What is there, found by ever smaller requests; what is refused; and the silence that ended it."""
    answers, waiting, left, tries = Answers(), list(blocks), _MOST_REQUESTS, 2
    refused: dict[str, list[Block]] = {}
    silence: ReadError | None = None
    while waiting and left:
        block = waiting.pop(0)
        left -= 1
        try:
            answers.add(block, await link.read(block))
        except ReadError as error:
            if error.answered:
                parts = smaller(block) if error.code in TOO_LARGE else ()
                waiting = [*parts, *waiting]
                if not parts:
                    refused.setdefault(str(error).partition(" (")[0], []).append(block)
                continue
            tries -= 1
            if tries == 0 or isinstance(error, UnreachableError):
                silence = error
                break
            waiting.insert(0, block)
    return answers, [f"{_places(there)}: {reason}" for reason, there in refused.items()], silence


def _places(blocks: list[Block]) -> str:
    """ "0 to 9, 18 to 19" of blocks of one register each; larger ones as they were asked for."""
    runs: list[list[int]] = []
    for block in sorted(blocks, key=lambda each: each.address):
        if runs and runs[-1][1] == block.address:
            runs[-1][1] = block.end
        else:
            runs.append([block.address, block.end])
    return ", ".join(f"{first} to {end - 1}" if end - first > 1 else str(first) for first, end in runs)


def _as_the_profile_says(profile: Profile, answers: Answers) -> Iterator[str]:
    values = answers.decode(profile.decoders())
    judged = judge(values, profile.meanings(), answers.words)
    for register in profile.decoders():
        decoded = values.get(register.metric)
        if decoded is None:
            said = "not read"
        elif register.metric not in judged.values:
            said = "no value, says its status"
        else:
            said = "no value" if decoded.value is None else f"{decoded.value:.10g} {UNITS[register.metric]}"
            said += f" ({decoded.flag})" if decoded.flag else ""
        yield f"  {register.metric:<16} {said}"
