"""The commands that the documents tell people to type: each of our own, with each of its options, is there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(ROOT.glob("docs/*.md"))
BIN = Path(sys.executable).parent
SUPABASE = ROOT / "node_modules" / ".bin" / "supabase"

#: Before a command, and no part of it.
_WRAPPERS = re.compile(r"^(?:sudo (?:-u \S+ )?|exec |docker compose exec api |[A-Z_]+=[^\s$(]+ +)+")
#: What other people's programs we tell people to use; their options are theirs.
OTHERS = frozenset(
    {
        ".", "apt", "apt-get", "cd", "chmod", "cp", "curl", "cut", "docker", "export", "fluxio-api", "git", "grep",
        "install", "jq", "journalctl", "mkdir", "node", "npm", "npx", "opentelemetry-instrument",
        "pip", "pg_dump", "promtool", "psql",
        "pytest", "python", "python3", "scp", "set", "ssh", "sudo", "systemctl", "systemd-analyze",
        "systemd-sysusers", "timedatectl", "source",
    }
)  # fmt: skip
#: The API's commands want to know their project before they tell anything.
ENVIRONMENT = os.environ | {
    "SUPABASE_URL": "http://127.0.0.1:9",
    "SUPABASE_ANON_KEY": "sb_publishable_x",
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x",
}
_FILES = re.compile(r"(?<![\w/.])(?:api|docs|edge|sql|supabase|\.ci)/[\w./-]*\w")


class Typed(NamedTuple):
    """One line that somebody types."""

    document: str
    line: int
    command: str


def typed() -> Iterator[Typed]:
    """Every line of every block marked `sh`, continued lines joined, comments and answers left out."""
    for document in DOCUMENTS:
        number, block, joined = 0, False, ""
        for text in document.read_text().splitlines():
            number += 1
            if text.strip().startswith("```"):
                block = text.strip() == "```sh"
                continue
            if not block:
                continue
            joined += text.strip()
            if joined.endswith("\\"):
                joined = joined[:-1]
                continue
            for part in re.split(r"&&|\|(?!\|)|;(?= )", re.sub(r"(?:^|\s)#.*$", "", joined)):
                if part.strip():
                    yield Typed(document.name, number, _WRAPPERS.sub("", part.strip()))
            joined = ""


LINES = list(typed())


@cache
def help_of(*command: str) -> str:
    """What `command --help` prints."""
    done = subprocess.run(
        [*command, "--help"], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60, env=ENVIRONMENT
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout + done.stderr


def words_of(line: Typed) -> list[str]:
    try:
        return shlex.split(line.command)
    except ValueError:
        return line.command.split()


def ours(line: Typed) -> tuple[tuple[str, ...], list[str]] | None:
    """The program and subcommand as they are started here, and the words after them."""
    words = words_of(line)
    name = Path(words[0]).name
    if name == "flask":
        assert words[1:3] == ["--app", "fluxio_api"], line
        return (str(BIN / "flask"), "--app", "fluxio_api", words[3]), words[4:]
    if name in {"fluxio-edge", "fluxio-local"}:
        has_command = len(words) > 1 and not words[1].startswith("-")
        return (str(BIN / name), *words[1 : 2 if has_command else 1]), words[2 if has_command else 1 :]
    if name == "supabase":
        size = 2 if words[1] in {"db", "config", "test"} else 1
        return (str(SUPABASE), *words[1 : 1 + size]), words[1 + size :]
    return None


def test_there_are_commands() -> None:
    assert len(LINES) > 40
    assert {line.document for line in LINES} >= {
        "README.md",
        "hosted.md",
        "deployment.md",
        "operations.md",
        "monitoring.md",
    }


@pytest.mark.parametrize("line", [one for one in LINES if ours(one)], ids=lambda one: f"{one.document}:{one.line}")
def test_our_own_command_is_there_with_its_options(line: Typed) -> None:
    found = ours(line)
    assert found is not None
    command, rest = found
    told = help_of(*command)
    for option in (word.partition("=")[0] for word in rest if word.startswith("--")):
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", told), f"{command[-1]} knows no {option}"


@pytest.mark.parametrize(
    "line", [one for one in LINES if words_of(one)[0] == "make"], ids=lambda one: f"{one.document}:{one.line}"
)
def test_a_target_of_make_is_there(line: Typed) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for word in words_of(line)[1:]:
        if "=" not in word and not word.startswith("-"):
            assert re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE), word


def test_a_file_that_is_named_is_there() -> None:
    made = ("api/fluxio_api/dashboard", "docs/data-dictionary.md")
    missing = [
        (line.document, line.line, file)
        for line in LINES
        for file in _FILES.findall(line.command)
        if not file.startswith(made) and not any(ROOT.glob(file)) and not any(ROOT.glob(f"{file}*"))
    ]
    assert missing == []


def test_nothing_is_typed_that_nobody_looked_at() -> None:
    unknown = {
        (line.document, line.line, words_of(line)[0])
        for line in LINES
        if not ours(line)
        and Path(words_of(line)[0]).name not in OTHERS | {"make"}
        and not words_of(line)[0].startswith(("./", ".ci/", "-", "$"))
        and "=" not in words_of(line)[0]
    }
    assert unknown == set()
