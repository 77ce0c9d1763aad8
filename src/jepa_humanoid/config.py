"""One way to configure: number types for settings, files into settings, and mistakes into sentences."""

from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from jepa_humanoid.errors import HumanoidError

Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(gt=0)]

Settings = TypeVar("Settings")


class ConfigurationError(HumanoidError, ValueError):
    """A settings file is missing or malformed; the message names the file and every field that is wrong."""


def parse(
    kind: type[Settings],
    values: object,
    source: str | Path,
    error: type[Exception] = ConfigurationError,
    within: tuple[str, ...] = (),
) -> Settings:
    """Validate plain values, as read from a file or a command line, into a settings class.

    Args:
        kind: Pydantic dataclass or model, or any type that pydantic can validate.
        values: Plain values; None counts as an empty mapping.
        source: Where they come from, for the message.
        error: Class of the error raised.
        within: Names of the blocks around the values, for the message.

    Raises:
        ConfigurationError: Or ``error``, naming the source and each field that is wrong.
    """
    try:
        return TypeAdapter(kind).validate_python({} if values is None else values)
    except ValidationError as mistakes:
        problems = "; ".join(f"{'.'.join(map(str, (*within, *e['loc'])))}: {e['msg']}" for e in mistakes.errors())
        raise error(f"{source}: {problems}") from mistakes


def read_yaml(path: Path, error: type[Exception] = ConfigurationError) -> object:
    """Read a YAML file.

    Raises:
        ConfigurationError: Or ``error``, if there is no such file or it is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text())
    except FileNotFoundError as mistake:
        raise error(f"no file '{path}'") from mistake
    except OSError as mistake:
        raise error(f"cannot read {path}: {mistake.strerror}") from mistake
    except yaml.YAMLError as mistake:
        raise error(f"{path} is not YAML: {mistake}") from mistake


def load(kind: type[Settings], path: Path, error: type[Exception] = ConfigurationError) -> Settings:
    """Read a YAML file into a settings class; an empty file gives the defaults.

    Raises:
        ConfigurationError: Or ``error``, as `read_yaml` and `parse`.
    """
    return parse(kind, read_yaml(path, error), path, error)
