"""The documents' fenced blocks, and which of the commands in them a test can run.

A block marked `sh` is what somebody types. One that no test can run has `<!-- not run: REASON -->` directly above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(ROOT.glob("docs/*.md"))

_FENCE = re.compile(r" *```(?P<language>\w*)$")
_MARKER = re.compile(r" *<!-- not run: (?P<reason>\S.*) -->$")
_PRINTS = re.compile(r"\s*prints `(?P<text>[^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block; `line` is its first one, counted from 1."""

    document: str
    line: int
    language: str
    text: str
    #: Why no test runs it; None: a test does.
    not_run: str | None
    #: What the words below it say that it prints.
    prints: str | None

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks_of(document: str, text: str) -> Iterator[Block]:
    """Every fenced block of a document. Raises ValueError at a marker that marks no `sh` block, or an open fence."""
    lines = text.splitlines()
    marker: str | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if fence := _FENCE.match(line):
            start = number
            while number < len(lines) and lines[number].strip() != "```":
                number += 1
            if number == len(lines):
                raise ValueError(f"{document}:{start}: the block has no end")
            number += 1
            if marker and fence["language"] != "sh":
                raise ValueError(f"{document}:{start}: only an sh block can be marked")
            prints = _PRINTS.match("\n".join(lines[number : number + 3]))
            yield Block(
                document, start + 1, fence["language"], dedent("\n".join(lines[start : number - 1])) + "\n",
                marker, prints["text"] if prints else None,
            )  # fmt: skip
            marker = None
        elif line.strip().startswith("```"):
            raise ValueError(f"{document}:{number}: not a fence that is understood: {line.strip()}")
        elif line.strip().startswith("<!-- not run"):
            found = _MARKER.match(line)
            if marker or not found:
                raise ValueError(f"{document}:{number}: not `<!-- not run: REASON -->` directly above a block")
            marker = found["reason"]
        elif marker and line.strip():
            raise ValueError(f"{document}:{number}: the marker above marks no block")
    if marker:
        raise ValueError(f"{document}: its last marker marks no block")


BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document.name, document.read_text())]
TYPED = [block for block in BLOCKS if block.language == "sh"]
RUN = [block for block in TYPED if block.not_run is None]


def run_with(document: str, variable: str) -> list[Block]:
    """The blocks of a document that run with `variable`, such as "$DATABASE_URL"."""
    return [block for block in RUN if block.document == document and variable in block.text]
