"""TOML files as models: what all of them share, and reading one with faults in words."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fluxio_edge.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)

#: Of every table of a file: unknown names and other types are faults.
STRICT: Final = ConfigDict(extra="forbid", frozen=True, strict=True)

Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65_535)]


def load_toml(path: Path, model: type[Model]) -> Model:
    """The file at `path` as `model`.

    Raises ConfigError naming the file and every fault, one a line; values are not repeated, since
    one of them can be a key.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [
            f"{path}: {_place(fault['loc'])}{line}"
            for fault in error.errors(include_url=False, include_input=False)
            for line in fault["msg"].removeprefix("Value error, ").splitlines()
        ]
        raise ConfigError("\n".join(faults)) from error


def _place(location: tuple[int | str, ...]) -> str:
    """("meters", 0, "unit") as "meters[1].unit: ", counting from 1 as a reader of the file does."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return f"{text}: " if text else ""
