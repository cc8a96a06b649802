"""What people read about the fields of a message class: their types, as annotated, and the comments from the source."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import typing
from weakref import WeakKeyDictionary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model.message import Message

__all__ = ("comments", "describe_field", "describe_slot", "field_types")


def field_types(cls: type[Message]) -> dict[str, Any]:
    """The types of all fields by name; as text where one of them names what there is not at run time."""
    try:
        return typing.get_type_hints(cls)
    except Exception:  # noqa: BLE001 - an annotation may be any code
        found: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            found.update(_annotated(base))
        return found


def _annotated(cls: type[Any]) -> dict[str, str]:
    """The annotations in the body of a class, as text."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(cls, format=Format.STRING)
    return {
        name: it if isinstance(it, str) else inspect.formatannotation(it)
        for name, it in inspect.get_annotations(cls).items()
    }


def describe_field(cls: type[Message], name: str) -> str:
    """The documentation of a field: its type, and the comment of the class that declares it."""
    owner = next((base for base in cls.__mro__ if name in base.__dict__.get("__fields__", ())), cls)
    type_text = _annotated(owner).get(name, "")
    comment = comments(owner).get(name, "")
    return f"{type_text}\n\n{comment}" if comment else type_text


def describe_slot(slot: Any) -> str | None:
    """The documentation of a field's descriptor; None where it is no field's."""
    owner, name = slot.__objclass__, slot.__name__
    return describe_field(owner, name) if name in owner.__dict__.get("__fields__", ()) else None


_FOUND: WeakKeyDictionary[type[Any], dict[str, str]] = WeakKeyDictionary()
"""What `comments` has read."""


def comments(cls: type[Any]) -> dict[str, str]:
    """The documentation of a class, under the empty name, and of its attributes: the text after each in the source."""
    found = _FOUND.get(cls)
    if found is None:
        found = _FOUND[cls] = _read_comments(cls)
    return found


def _read_comments(cls: type[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    own = cls.__dict__.get("__doc__")
    if own:
        found[""] = inspect.cleandoc(own)
    try:
        (statement,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        # No source, as in a frozen program.
        return found
    name = ""
    for node in getattr(statement, "body", ()):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            name = target.id if isinstance(target, ast.Name) else ""
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            if isinstance(node.value.value, str):
                found[name] = inspect.cleandoc(node.value.value)
            name = ""
    return found
