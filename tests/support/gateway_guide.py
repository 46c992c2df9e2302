"""docs/gateways.md, taken apart: the bodies that gateways send, and what it says the API answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from support.documents import run_with

GUIDE = Path(__file__).parents[2] / "docs" / "gateways.md"

_EXAMPLE = re.compile(
    r"^\*\*(?P<title>[^*]+)\*\*.*?\n\n```(?:json|text)\n(?P<body>.*?)```\n\nAnswer: (?P<answer>.*?)\.\n",
    re.MULTILINE | re.DOTALL,
)
_ANSWER = re.compile(
    r"(?P<status>\d{3})(?: (?P<codes>`\w+`(?:, `\w+`)*))?"
    r"(?:; stored (?P<values>[^;]+); (?P<quality>good|suspect|bad)(?:, (?P<flags>`.*`))?|; nothing stored)?"
)


@dataclass(frozen=True)
class Example:
    """A body and its answer. `codes`: the verdicts, or the problem's code and then those of its results."""

    title: str
    body: str
    status: int
    codes: list[str]
    #: What is stored, by quantity; None: nothing.
    values: dict[str, float] | None
    quality: str | None
    flags: list[str]

    @property
    def shape(self) -> str | None:
        """The simulator's name of it, if it plays it."""
        return self.title.removeprefix("Shape ") if self.title.startswith("Shape ") else None


def examples() -> list[Example]:
    """Every body of the guide, in its order."""
    found = _EXAMPLE.finditer(GUIDE.read_text())
    return [_example(each["title"], each["body"].strip(), each["answer"]) for each in found]


def shell_blocks() -> list[str]:
    """Its commands for a gateway's place, which run as they stand."""
    return [block.text for block in run_with(GUIDE.name, "$FLUXIO_API_URL")]


def _example(title: str, body: str, answer: str) -> Example:
    told = _ANSWER.fullmatch(answer)
    assert told, f"{title}: {answer}"
    values = told["values"] and dict(each.split() for each in told["values"].split(", "))
    return Example(
        title,
        body,
        int(told["status"]),
        _names(told["codes"]),
        {metric: float(value) for metric, value in values.items()} if values else None,
        told["quality"],
        _names(told["flags"]),
    )


def _names(text: str | None) -> list[str]:
    return re.findall(r"`(\w+)`", text or "")
