"""Prints docs/licences.md: what is installed beside FluxIO where it runs, under which licence.

Packages and versions are those of api/requirements.lock, what the edge agent
adds to it in requirements.lock, and the page's of package-lock.json; licences
are those that the installed packages state. One that is not in GOOD ends it
with status 1.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]

#: What allows a server or a page to use the package as it is, beside code under MIT.
GOOD = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LGPL-3.0-only", "MIT", "MIT-0",
        "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip

#: How packages write these otherwise, in lower case.
_WRITTEN = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd license": "BSD",
    "bsd-3-clause license": "BSD-3-Clause",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}


_HEAD = """# Licences

What FluxIO (MIT) runs with, in the versions of the lock files, under the licences that the packages state.
`make licences` makes this page anew, and fails at a licence that is not known to be good. PostgreSQL, Supabase and
Redis are no part of it: whoever runs them has theirs.

| package | version | licence | part |
| --- | --- | --- | --- |"""


#: Where the server runs.
_IMAGE = {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "sys_platform": "linux",
    "os_name": "posix",
}


class Row(NamedTuple):
    """One line of the page."""

    name: str
    version: str
    licence: str
    part: str


def main() -> int:
    """Print the page."""
    rows = sorted({*_python(), *_page()}, key=lambda row: (row.part, row.name.lower()))
    print(_HEAD)
    for row in rows:
        print(f"| {row.name} | {row.version} | {row.licence} | {row.part} |")
    bad = [row for row in rows if not is_good(row.licence)]
    for row in bad:
        print(f"{row.name} {row.version}: {row.licence}", file=sys.stderr)
    return 1 if bad else 0


def is_good(licence: str) -> bool:
    """Whether one of the alternatives is good in all its parts; what is in brackets is for a person to read."""
    return any(GOOD.issuperset(alternative.split(" AND ")) for alternative in licence.split(" OR "))


def _python() -> Iterator[Row]:
    server, everything = _locked(ROOT / "api" / "requirements.lock"), _locked(ROOT / "requirements.lock")
    for name in sorted(server.keys() | _edge()):
        installed = distribution(name)
        part = "server" if name in server else "edge agent"
        yield Row(installed.name, everything[name], _licence(installed), part)


def _locked(lock: Path) -> dict[str, str]:
    """The versions that the image gets, by name; the same whatever Python runs this."""
    lines = re.findall(r"^(\w[^\\\n]*?) *\\?$", lock.read_text(), re.MULTILINE)
    wanted = [one for one in map(Requirement, lines) if one.marker is None or one.marker.evaluate(_IMAGE)]
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in wanted}


def _edge() -> set[str]:
    """Names of what the extra `edge` brings."""
    wanted = [Requirement(line) for line in requires("fluxio") or []]
    pending = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": "edge"})]
    names: set[str] = set()
    while pending:
        name = canonicalize_name(pending.pop().name)
        installed = _installed(name)
        if name in names or installed is None:
            continue
        names.add(name)
        inner = [Requirement(line) for line in installed.requires or []]
        pending += [one for one in inner if one.marker is None or one.marker.evaluate({"extra": ""})]
    return names


def _installed(name: str) -> Distribution | None:
    """The package, if this platform has it."""
    try:
        return distribution(name)
    except ModuleNotFoundError:
        return None


def _licence(package: Distribution) -> str:
    told = package.metadata.get_all("License-Expression")
    if told:
        return str(told[0])
    classes = [
        line.rpartition(" :: ")[2]
        for line in package.metadata.get_all("Classifier") or []
        if line.startswith("License :: OSI Approved ::")
    ]
    told = package.metadata.get_all("License") or ["not stated"]
    names = classes or str(told[0]).splitlines()[:1]
    return " OR ".join(dict.fromkeys(_WRITTEN.get(name.lower(), name) for name in names))


def _page() -> Iterator[Row]:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for path, package in packages.items():
        if path and not package.get("dev") and not package.get("devOptional") and not package.get("optional"):
            name = path.rpartition("node_modules/")[2]
            yield Row(name, package["version"], _npm_licence(path, package), "page")


def _npm_licence(path: str, package: dict[str, object]) -> str:
    told = package.get("license") or json.loads((ROOT / path / "package.json").read_text()).get("license")
    return str(told or "not stated").strip("()")


if __name__ == "__main__":
    sys.exit(main())
