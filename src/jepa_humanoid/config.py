"""One way to configure: number types for settings, files into settings, and mistakes into sentences."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import yaml
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from jepa_humanoid.errors import HumanoidError

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveShare = Annotated[float, Field(gt=0.0, le=1.0)]
Count = Annotated[int, Field(gt=0)]


def _ascending(pair: tuple[float, float]) -> tuple[float, float]:
    low, high = pair
    if low > high:
        raise ValueError(f"the first, {low:g}, must not be above the second, {high:g}: swap them")
    return pair


Ascending = AfterValidator(_ascending)
"""Of a pair of numbers: a least and a greatest."""
Interval = Annotated[tuple[float, float], Ascending]
PositiveInterval = Annotated[tuple[Positive, Positive], Ascending]

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
"""Of every settings class: a name that it does not know is a mistake, and so is a number that is none."""

Settings = TypeVar("Settings")

_LONGEST_QUOTE = 40
"""Letters of a wrong value that are repeated to whoever wrote it."""


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
        problems = [_sentence(kind, within, each) for each in mistakes.errors()]
        raise error(f"{source}: {'; '.join(problems)}") from mistakes
    except RecursionError as mistake:
        raise error(f"{source}: one part of it holds another too often, or itself") from mistake


def read_yaml(
    path: Path, error: type[Exception] = ConfigurationError, loader: type[yaml.SafeLoader] = yaml.SafeLoader
) -> object:
    """Read a YAML file.

    Args:
        path: Of the file.
        error: Class of the error raised.
        loader: For files of others, which may hold more than plain values.

    Raises:
        ConfigurationError: Or ``error``, if there is no such file or it is not YAML.
    """
    try:
        # Bytes, because YAML says itself how it is encoded: in UTF-8, or in UTF-16 with a mark at its beginning.
        return yaml.load(path.read_bytes(), loader)
    except FileNotFoundError as mistake:
        raise error(f"no file '{path}'") from mistake
    except OSError as mistake:
        raise error(f"cannot read {path}: {mistake.strerror}") from mistake
    except yaml.YAMLError as mistake:
        raise error(f"{path} is not YAML: {mistake}") from mistake
    except (ValueError, RecursionError, LookupError, AttributeError, TypeError) as mistake:
        # What YAML takes for a date or a number, and Python finds to be none; brackets without end; and tags that their
        # values do not suit.
        raise error(f"{path} is not YAML that can be read: {mistake}") from mistake


def load(kind: type[Settings], path: Path, error: type[Exception] = ConfigurationError) -> Settings:
    """Read a YAML file into a settings class; an empty file gives the defaults.

    Raises:
        ConfigurationError: Or ``error``, as `read_yaml` and `parse`.
    """
    return parse(kind, read_yaml(path, error), path, error)


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns what to say about a name that is none of the known ones: the most similar, or all of them."""
    names = sorted(known)
    similar = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{similar[0]}'?" if similar else f"known are {', '.join(names)}"


def _sentence(kind: object, within: tuple[str, ...], mistake: ErrorDetails) -> str:
    """What is wrong with one field, in words for people."""
    place, message = mistake["loc"], mistake["msg"].removeprefix("Value error, ")
    where = ".".join(map(str, (*within, *place)))
    if mistake["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{where}: there is no such setting; {nearest(str(place[-1]), _names(kind, place[:-1]))}"
    if not message.startswith("Input should be "):
        return f"{where}: {message}"
    given = repr(mistake["input"])
    given = given if len(given) <= _LONGEST_QUOTE else f"{given[:_LONGEST_QUOTE]}..."
    return f"{where}: is {given}, and has to be {message.removeprefix('Input should be ')}"


def _names(kind: Any, place: Sequence[int | str]) -> Sequence[str]:
    """Names of the fields of the settings class at a place below another."""
    for step in place:
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif is_dataclass(kind):
            kind = get_type_hints(kind).get(str(step))
    return tuple(get_type_hints(kind)) if is_dataclass(kind) else ()
