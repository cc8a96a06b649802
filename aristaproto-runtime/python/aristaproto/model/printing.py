"""How messages are printed: `repr`, and in lines by `pprint` and rich."""

from __future__ import annotations

import sys
from operator import attrgetter
from reprlib import recursive_repr
from types import SimpleNamespace

from .. import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .message import Message

__all__ = ("represent", "set_fields")


def set_fields(message: Message) -> Iterator[tuple[str, Any]]:
    """The names and values of the fields and extensions that differ from their defaults, by number."""
    for member in sorted(type(message).__schema__.fields_of(message), key=attrgetter("number")):
        value = member.get(message)
        if not member.is_default(value):
            yield member.name, value


@recursive_repr()
def _text(message: Message) -> str:
    if codec.NATIVE is not None:
        codec.NATIVE.check_stack()
    parts = [f"{name}={value!r}" for name, value in set_fields(message)]
    return f"{type(message).__name__}({', '.join(parts)})"


def represent(self: Message) -> str:
    """`__repr__` of messages: the class with the fields that are set, by number."""
    # pprint asks for this text first and breaks it where it is too long, if it knows how.
    printer = sys.modules.get("pprint")
    if printer is not None:
        printer.PrettyPrinter._dispatch.setdefault(represent, _print_lines)
    return _text(self)


represent.__name__ = "__repr__"


def _print_lines(printer: Any, message: Message, *place: Any) -> None:
    """Print a message on several lines, as `pprint` prints a namespace: a line for each field."""
    stand_in: Any = type(type(message).__name__, (SimpleNamespace,), {})
    stand_in = stand_in(**dict(set_fields(message)))
    printer._dispatch[SimpleNamespace.__repr__](printer, stand_in, *place)
