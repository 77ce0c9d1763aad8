"""Options that commands share, and commands whose options are the fields of dataclasses."""

import inspect
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import Field
from pathlib import Path
from typing import Annotated, Any

import typer


def finite(value: float | None) -> float | None:
    """Refuse a number that is none: NaN is within any bounds. For use as a callback of options."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number.")
    return value


def place_to_write(path: Path | None) -> Path | None:
    """Refuse a file that cannot be written, before anything is measured that would be lost; callback of options."""
    if path is None:
        return None
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a file in it.")
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)) or (path.exists() and not os.access(path, os.W_OK)):
        raise typer.BadParameter(f"{path} cannot be written; name a file in a folder that you may write to.")
    return path


def film_to_write(path: Path | None) -> Path | None:
    """Refuse a film that cannot be written or whose format nobody knows; callback of options."""
    if path is not None and path.suffix.lower() not in FILMS:
        raise typer.BadParameter(f"{path} has to end in {' or '.join(FILMS)}.")
    return place_to_write(path)


FILMS = (".webp", ".gif")
"""Endings of films that can be written."""

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="What is to be otherwise than the robot's file says, such as gait.step_width=0.24; may be repeated.",
    ),
]
Robot = Annotated[str, typer.Option(help="Which robot: a file in config/robots, or the path of a YAML file.")]
Walker = Annotated[
    str,
    typer.Option(metavar="model|policy:FILE", help="Who moves the robot: model, or a velocity policy in an ONNX file."),
]
Jobs = Annotated[int, typer.Option(min=1, help="Processes.")]


def with_fields(
    items: Iterable[Field[Any]], **defaults: object
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for each field, beside the options that it has itself.

    The command takes the fields' values as keyword arguments.

    Args:
        items: Fields made by `jepa_humanoid.graph.options.option`.
        **defaults: Defaults other than the fields' own, by name.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            parameter
            for parameter in inspect.signature(command).parameters.values()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        made = [_parameter(item, defaults.get(item.name, item.default)) for item in items]
        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *made)]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


def _parameter(item: Field[Any], default: object) -> inspect.Parameter:
    if item.name == "set":
        return inspect.Parameter("set", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Set)
    flags = (item.metadata["flags"],) if item.metadata["flags"] else ()
    choices = item.metadata["choices"]
    text = f"{item.metadata['description']}{': ' + ', '.join(choices()) if choices else ''}."
    offered = typer.Option(default, *flags, help=text)
    return inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=offered, annotation=item.type)
