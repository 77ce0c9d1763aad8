"""Message types as text, as recordings carry them: wheels and installations alike know their classes' fields."""

import re
from importlib import import_module
from typing import Any

_PRIMITIVES = {"double": "float64", "float": "float32", "octet": "byte", "boolean": "bool"}
"""Names that the Python classes use, where they are not those of message files."""

_TYPE_NAME = re.compile(r"([a-z][a-z0-9_]*)/(?:msg/)?([A-Z][A-Za-z0-9]*)")

_SEPARATOR = "=" * 80


def full_name(message_type: Any) -> str:
    """The type's name as ROS 2 writes it, such as ``sensor_msgs/msg/Imu``."""
    return f"{message_type.__module__.split('.')[0]}/msg/{message_type.__name__}"


def message_class(type_name: str) -> Any | None:
    """The class of a type; None where its package is not installed, or no type has such a name."""
    named = _TYPE_NAME.fullmatch(type_name)
    if named is None:
        return None
    try:
        found = getattr(import_module(f"{named[1]}.msg"), named[2], None)
    except ImportError:
        return None
    return found if hasattr(found, "get_fields_and_field_types") else None


def definition(message_type: Any) -> str:
    """The definition of a type, followed by those of all types in it; without constants, which nobody serialises."""
    texts: dict[str, str] = {}
    todo = [message_type]
    while todo:
        kind = todo.pop(0)
        name = full_name(kind).replace("/msg/", "/")
        if name in texts:
            continue
        lines = []
        for field, type_text in kind.get_fields_and_field_types().items():
            written, inner = _field_type(type_text)
            lines.append(f"{written} {field}")
            if "/" in inner:
                todo.append(message_class(inner))
        texts[name] = "\n".join(lines) + "\n"
    first, *others = texts.items()
    return first[1] + "".join(f"{_SEPARATOR}\nMSG: {name}\n{text}" for name, text in others)


def with_inner(own: str, inner: str, message_type: Any) -> str:
    """The definition of a type that is no class here: its own fields, then the definition of the type in them."""
    return f"{own}{_SEPARATOR}\nMSG: {full_name(message_type).replace('/msg/', '/')}\n{inner}"


def _field_type(text: str) -> tuple[str, str]:
    """A field's type as message files write it, and the type without its array."""
    array = ""
    if match := re.fullmatch(r"sequence<(.+?)(?:, (\d+))?>", text):
        text, array = match[1], f"[<={match[2]}]" if match[2] else "[]"
    elif match := re.fullmatch(r"(.+)\[(\d+)\]", text):
        text, array = match[1], f"[{match[2]}]"
    if match := re.fullmatch(r"(w?string)<(\d+)>", text):
        text = f"{match[1]}<={match[2]}"
    text = _PRIMITIVES.get(text, text)
    return text + array, text
