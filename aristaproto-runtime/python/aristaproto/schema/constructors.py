"""Compiles the constructor of a message class: `__init__`, and `new()`, which makes an empty message for the codecs.

The codec in Rust has its own of both; it calls this `__init__` with arguments that do not fit, for the error. They are
compiled from source text, because a loop over fields costs several times as much.
"""

from __future__ import annotations

from ..base.deprecation import warn_deprecated
from .fields import REPLACED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..model.message import Message
    from .fields import Schema

__all__ = ("compile_init", "compile_new")


def compile_init(schema: Schema) -> Callable[..., None]:
    """`__init__` of the class of a schema, whose fields are complete."""
    own, scope = _scope(schema)
    scope[f"{own}warn"] = warn_deprecated
    scope[f"{own}oneof"] = _too_many_members
    scope[f"{own}replace"] = _replace
    parameters: list[str] = []
    values = "".join(f"{field.name}, " for field in schema.fields)
    lines = [
        f"if {REPLACED} is not None: return {own}replace({own}self, {REPLACED}, ({values}))",
        *_first_lines(own, schema),
    ]
    for index, field in enumerate(schema.fields):
        name = field.name
        if field.repeated or field.is_map:
            fresh = "[]" if field.repeated else "{}"
            parameters.append(f"{name}=None")
            lines.append(f"{own}set{index}({own}self, {fresh} if {name} is None else {name})")
        else:
            parameters.append(f"{name}={own}default{index}")
            lines.append(f"{own}set{index}({own}self, {name})")
    for group, members in schema.oneofs.items():
        if len(members) > 1:
            given = " + ".join(f"({field.name} is not None)" for field in members)
            pairs = ", ".join(f"({field.name!r}, {field.name})" for field in members)
            lines.append(f"if {given} > 1: {own}oneof({own}cls, {group!r}, {pairs})")
    if schema.cls.__deprecated__:
        lines.append(f"{own}warn({schema.cls.__name__!r})")
    for index, field in enumerate(schema.fields):
        if field.deprecated:
            scope[f"{own}field{index}"] = field
            what = f"{schema.cls.__name__}.{field.name}"
            lines.append(f"if not {own}field{index}.is_default({field.name}): {own}warn({what!r})")
    head = ", ".join([f"{own}self", *parameters, "*", f"{REPLACED}=None"])
    init = _compiled(schema, scope, "__init__", head, lines)
    init.__qualname__ = f"{schema.cls.__qualname__}.__init__"
    return init


def compile_new(schema: Schema) -> Callable[[], Any]:
    """`new()` of the class of a schema, whose fields are complete."""
    own, scope = _scope(schema)
    lines = [f"{own}self = {own}new({own}cls)", *_first_lines(own, schema)]
    for index, field in enumerate(schema.fields):
        if field.repeated or field.is_map:
            fresh = "[]" if field.repeated else "{}"
            lines.append(f"{own}set{index}({own}self, {fresh})")
        else:
            lines.append(f"{own}set{index}({own}self, {own}default{index})")
    return _compiled(schema, scope, f"{own}make", "", [*lines, f"return {own}self"])


def _scope(schema: Schema) -> tuple[str, dict[str, Any]]:
    """What starts names of our own, which must not meet those of the fields, and what they stand for."""
    own = "_"
    while any(name.startswith(own) for name in schema.by_name):
        own += "_"
    cls: Any = schema.cls
    scope: dict[str, Any] = {
        "__name__": "aristaproto.model.message",
        f"{own}cls": cls,
        f"{own}new": object.__new__,
        f"{own}unknown": cls._unknown_fields.__set__,
    }
    if schema.extendable:
        scope[f"{own}extensions"] = cls._extensions.__set__
    for index, field in enumerate(schema.fields):
        scope[f"{own}set{index}"] = field.set
        if not field.repeated and not field.is_map:
            scope[f"{own}default{index}"] = field.default
    return own, scope


def _first_lines(own: str, schema: Schema) -> list[str]:
    lines = [f"{own}unknown({own}self, b'')"]
    if schema.extendable:
        lines.append(f"{own}extensions({own}self, None)")
    return lines


def _compiled(
    schema: Schema, scope: dict[str, Any], name: str, head: str, lines: list[str]
) -> Callable[..., Any]:
    source = "\n  ".join([f"def {name}({head}):", *lines]) + "\n"
    exec(compile(source, f"<constructor of {schema.cls.__qualname__}>", "exec"), scope)  # noqa: S102
    compiled: Callable[..., Any] = scope[name]
    return compiled


def _too_many_members(cls: type[Message], group: str, *pairs: tuple[str, Any]) -> None:
    given = [name for name, value in pairs if value is not None]
    raise TypeError(
        f"{cls.__name__}: {' and '.join(given)} are members of the oneof {group!r}, only one can be set"
    )


def _replace(message: Message, original: Message, values: tuple[Any, ...]) -> None:
    """Make `message` a shallow copy of `original`, unknown fields and extensions included, with other values.

    What `original` does not hold itself has been given: of a oneof, it takes the place of the member that is set.
    """
    schema = type(message).__schema__
    held = schema.values(original)
    given = [
        (field, value)
        for field, value, before in zip(schema.fields, values, held, strict=True)
        if value is not before
    ]
    for group, members in schema.oneofs.items():
        pairs = [(it.name, value) for it, value in given if it in members and value is not None]
        if len(pairs) > 1:
            _too_many_members(schema.cls, group, *pairs)
    copied: Any = message
    source: Any = original
    if schema.extendable:
        copied._extensions = None
    for field in schema.fields_of(original):
        field.set(message, field.get(original))
    copied._unknown_fields = source._unknown_fields
    if schema.cls.__deprecated__:
        warn_deprecated(schema.cls.__name__)
    for field, value in given:
        field.assign(message, field.new_default() if value is None else value)
        if field.deprecated and not field.is_default(value):
            warn_deprecated(f"{schema.cls.__name__}.{field.name}")
