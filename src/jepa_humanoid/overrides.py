"""What people want otherwise than files say: `gait.step_width=0.24`, parsed once, laid over what files say."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from jepa_humanoid.errors import HumanoidError

SEPARATOR = ";"
"""Between overrides in one text: launch arguments and ROS parameters are one text each."""


class OverrideError(HumanoidError, ValueError):
    """An override is not of the form KEY=VALUE."""


def join_overrides(texts: Iterable[str] | None) -> str:
    """Returns several overrides as one text; None for none."""
    return SEPARATOR.join(texts or ())


def parse_overrides(text: str) -> dict[str, Any]:
    """Returns nested mappings of what a text wants.

    Args:
        text: Such as ``gait.step_width=0.24; planner.search.samples=192``: keys with dots between, values as in YAML,
            ``;`` between overrides. The last of two of one key counts.

    Raises:
        OverrideError: If a part of it is not KEY=VALUE.
    """
    wanted: dict[str, Any] = {}
    for part in filter(str.strip, text.split(SEPARATOR)):
        key, equals, value = part.partition("=")
        *blocks, name = (word.strip() for word in key.split("."))
        if not equals or not blocks or not all((*blocks, name)):
            raise OverrideError(f"'{part.strip()}' sets nothing: write BLOCK.NAME=VALUE, such as gait.step_width=0.24")
        try:
            read = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, TypeError) as error:
            # Such as a date that is none, or a tag that its value does not suit.
            raise OverrideError(f"'{part.strip()}': the value is not YAML") from error
        inner = wanted
        for block in blocks:
            below = inner.setdefault(block, {})
            if not isinstance(below, dict):
                raise OverrideError(f"'{part.strip()}': '{block}' has been given a value already")
            inner = below
        inner[name] = read
    return wanted


def overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``base`` with what ``over`` says otherwise; mappings are merged, anything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = overlay(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
