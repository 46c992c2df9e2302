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

from support.documents import BLOCKS, ROOT, TYPED, blocks_of

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
_FILES = re.compile(r"(?<![\w/.-])(?:api|docs|edge|sql|supabase|\.ci)/[\w./-]*\w")


class Typed(NamedTuple):
    """One line that somebody types."""

    document: str
    line: int
    command: str


def typed() -> Iterator[Typed]:
    """Every line of every block marked `sh`, continued lines joined, comments left out."""
    for block in TYPED:
        joined = ""
        for number, text in enumerate(block.text.splitlines(), block.line):
            joined += text.strip()
            if joined.endswith("\\"):
                joined = joined[:-1]
                continue
            for part in re.split(r"&&|\|(?!\|)|;(?= )", re.sub(r"(?:^|\s)#.*$", "", joined)):
                if part.strip():
                    yield Typed(block.document, number, _WRAPPERS.sub("", part.strip()))
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


def test_commands_stand_in_blocks_that_are_looked_at() -> None:
    """In a block of another language nobody would notice that they are wrong."""
    command = re.compile(
        r"^\s*(?:\$ )?(?:[A-Z_]+=\S* )*(?:sudo|make|flask|fluxio-\w+|supabase|docker|curl|psql|pg_dump)\s", re.MULTILINE
    )
    assert [str(block) for block in BLOCKS if block.language != "sh" and command.search(block.text)] == []


def test_a_marker_gives_its_reason_to_the_block_below() -> None:
    marked, run = blocks_of(
        "x.md",
        "Say `<!-- not run: REASON -->`.\n<!-- not run: no meter -->\n\n```sh\nmake\n```\n\n  ```sh\n  make x\n  ```\n",
    )
    assert (marked.not_run, marked.line, marked.text) == ("no meter", 5, "make\n")
    assert (run.not_run, run.line, run.text) == (None, 9, "make x\n")


@pytest.mark.parametrize(
    "text",
    [
        "<!-- not run: no meter -->\n\nwords\n\n```sh\nmake\n```\n",
        "<!-- not run: no meter -->\n",
        "<!-- not run: no meter -->\n<!-- not run: no meter -->\n```sh\nmake\n```\n",
        "<!-- not run: no meter -->\n```ini\nmake\n```\n",
        "<!-- not run -->\n```sh\nmake\n```\n",
        "<!-- not run: -->\n```sh\nmake\n```\n",
        "```sh title\nmake\n```\n",
        "```sh\nmake\n",
    ],
)
def test_a_marker_or_block_that_is_not_understood_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"x\.md"):
        list(blocks_of("x.md", text))
