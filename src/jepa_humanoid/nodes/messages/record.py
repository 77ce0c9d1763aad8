"""Values as JSON and back: one object a dataclass, one key a field, so that no message type has to be compiled.

Members of enumerations are their names in lower case. JSON knows no NaN and no infinity: they are the texts "NaN",
"Infinity" and "-Infinity", as in protobuf's JSON. There is no version beside the fields: one too many or too few is
refused, as is any text that is not exactly such a value.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.robot.state import Shape, Vector

Value = TypeVar("Value")

_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def write_record(value: object) -> str:
    """A dataclass of numbers, texts, enumerations, arrays and such dataclasses as JSON."""
    return json.dumps(_plain(value), allow_nan=False, separators=(",", ":"))


def read_record(kind: type[Value], text: str, topic: str, *, finite: bool = False) -> Value:
    """Read what `write_record` wrote of a dataclass.

    Args:
        kind: The dataclass.
        text: What was written.
        topic: Where it comes from.
        finite: Refuse numbers that are not.

    Raises:
        MessageError: If the text is no such value, naming topic, field and cause.
    """
    try:
        plain = json.loads(text, parse_constant=_refuse_constant)
        if "\\u" in text:  # the only way to write half a pair of surrogates, which is no text that can be shown
            json.dumps(plain, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise MessageError(f"{topic}: no JSON: a text in it is no Unicode") from None
    except (ValueError, RecursionError) as error:
        raise MessageError(f"{topic}: no JSON: {error}") from None
    try:
        return cast(Value, _Reader(topic, finite).value(kind, plain, ""))
    except RecursionError:
        raise MessageError(f"{topic}: no such value: one part of it holds another too often") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name.lower()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist() if np.isfinite(value).all() else _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0.0 else "-Infinity"
    return value


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


class _Reader:
    """Turns plain values into typed ones, and knows which topic to blame.

    Args:
        topic: Where they come from.
        finite: Whether to refuse numbers that are not.
    """

    def __init__(self, topic: str, finite: bool) -> None:
        self._topic = topic
        self._finite = finite

    def value(self, kind: Any, plain: Any, where: str, lengths: dict[str, int] | None = None) -> Any:
        """A value of a type; `where` is its field, and `lengths` what the letters of its shape stand for so far."""
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            if plain is None:
                return None
            (kind,) = (option for option in get_args(kind) if option is not NoneType)
            return self.value(kind, plain, where, lengths)
        if origin is Annotated:
            (shape,) = (extra for extra in kind.__metadata__ if isinstance(extra, Shape))
            return self._array(shape, plain, where, {} if lengths is None else lengths)
        if origin is tuple:
            if not isinstance(plain, list):
                self._refuse(where, plain, "a list")
            return tuple(self.value(get_args(kind)[0], item, f"{where}[{k}]") for k, item in enumerate(plain))
        if is_dataclass(kind):
            return self._dataclass(cast(type, kind), plain, where)
        if issubclass(kind, Enum):
            values = {member.name.lower(): member for member in kind}
            if not isinstance(plain, str) or plain not in values:
                self._refuse(where, plain, f"one of {', '.join(values)}")
            return values[plain]
        if kind is float:
            return self._number(plain, where)
        if not isinstance(plain, kind) or (kind is int and isinstance(plain, bool)):
            self._refuse(where, plain, {int: "a whole number", str: "a text", bool: "true or false"}[kind])
        return plain

    def _dataclass(self, kind: type, plain: Any, where: str) -> Any:
        if not isinstance(plain, dict):
            self._refuse(where, plain, "an object")
        hints = _hints(kind)
        inside = f"{where}." if where else ""
        for name in plain:
            if name not in hints:
                raise MessageError(f"{self._topic}: unknown field {inside}{name}")
        lengths: dict[str, int] = {}
        values = {}
        for name, hint in hints.items():
            if name not in plain:
                raise MessageError(f"{self._topic}: {inside}{name} is missing")
            values[name] = self.value(hint, plain[name], f"{inside}{name}", lengths)
        return kind(**values)

    def _number(self, plain: Any, where: str) -> float:
        if isinstance(plain, bool) or not isinstance(plain, int | float | str):
            self._refuse(where, plain, "a number")
        if isinstance(plain, str) and plain not in _NOT_FINITE:
            self._refuse(where, plain, "a number")
        try:
            number = _NOT_FINITE[plain] if isinstance(plain, str) else float(plain)
        except OverflowError:
            self._refuse(where, plain, "a number of double precision")
        if self._finite and not math.isfinite(number):
            self._refuse(where, plain, "finite")
        return number

    def _array(self, shape: Shape, plain: Any, where: str, lengths: dict[str, int]) -> Vector:
        numbers = self._numbers(plain, where) if _has_text(plain) else plain
        try:
            array = np.array(numbers if isinstance(numbers, list) else None)
        except ValueError:  # rows of different lengths
            array = np.array(None)
        if array.dtype.kind not in "if":
            self._refuse(where, plain, "an array of numbers")
        if array.size == 0:  # what is empty does not say how long its other axes are
            missing = shape.axes[array.ndim :]
            array = array.reshape(*array.shape, *(axis if isinstance(axis, int) else 0 for axis in missing))
        fits = array.ndim == len(shape.axes) and all(
            length == (axis if isinstance(axis, int) else lengths.setdefault(axis, length))
            for length, axis in zip(array.shape, shape.axes, strict=True)
        )
        if not fits:
            wanted = ", ".join(str(lengths.get(axis, axis) if isinstance(axis, str) else axis) for axis in shape.axes)
            raise MessageError(f"{self._topic}: {where} has shape {array.shape}, and has to have ({wanted})")
        array = array.astype(float)
        if self._finite and not np.isfinite(array).all():
            self._refuse(where, plain, "finite")
        return array

    def _numbers(self, plain: Any, where: str) -> Any:
        """A nested list with every number checked."""
        if isinstance(plain, list):
            return [self._numbers(item, where) for item in plain]
        return self._number(plain, where)

    def _refuse(self, where: str, plain: Any, wanted: str) -> NoReturn:
        said = json.dumps(plain)
        said = said if len(said) <= 60 else f"{said[:57]}..."
        raise MessageError(f"{self._topic}: {where or 'the message'} is {said}, and has to be {wanted}")


def _has_text(plain: Any) -> bool:
    return any(map(_has_text, plain)) if isinstance(plain, list) else isinstance(plain, str)
