"""Register profiles: which registers a kind of meter has, as data in TOML."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from fluxio_edge.errors import ConfigError
from fluxio_edge.profile_file import Profile
from fluxio_edge.toml_model import load_toml


def shipped() -> list[str]:
    """Names of the profiles in this package."""
    folder = resources.files("fluxio_edge") / "profiles"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_profile(name: str, *, beside: Path | None = None) -> Profile:
    """The shipped profile of that name, or the TOML file if `name` ends in ".toml".

    A relative file is looked for in the folder `beside`. Raises ConfigError.
    """
    if name.endswith(".toml"):
        return load_toml((beside or Path()) / name, Profile)
    if name not in shipped():
        raise ConfigError(f"no profile {name!r}; shipped are: {', '.join(shipped())}")
    with resources.as_file(resources.files("fluxio_edge") / "profiles" / f"{name}.toml") as path:
        return load_toml(path, Profile)


def load_profiles(names: Iterable[str], *, beside: Path) -> dict[str, Profile]:
    """Each by its name. Raises ConfigError naming the faults of all of them."""
    profiles: dict[str, Profile] = {}
    faults: list[str] = []
    for name in sorted(names):
        try:
            profiles[name] = load_profile(name, beside=beside)
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError("\n".join(faults))
    return profiles
