"""Compiles the constructor of a message class: `__init__`, and `new()`, which makes an empty message for the codecs.

Called by `schema_builder`. Source text, because a loop over fields costs several times as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .message import Message
    from .schema import Schema

__all__ = ("compile_constructors",)


def compile_constructors(schema: Schema) -> tuple[Callable[[], Any], Callable[..., None]]:
    """`new` and `__init__` of the class of a schema, whose fields are complete."""
    from .message import set_unknown_fields, warn_deprecated

    # Names of our own must not meet those of the fields, which are parameters.
    own = "_"
    while any(name.startswith(own) for name in schema.by_name):
        own += "_"
    scope: dict[str, Any] = {
        "__name__": "aristaproto.message",
        f"{own}cls": schema.cls,
        f"{own}new": object.__new__,
        f"{own}unknown": set_unknown_fields,
        f"{own}warn": warn_deprecated,
        f"{own}oneof": _too_many_members,
    }
    parameters: list[str] = []
    init: list[str] = [f"{own}unknown({own}self, b'')"]
    new: list[str] = [f"{own}self = {own}new({own}cls)", f"{own}unknown({own}self, b'')"]
    if schema.extendable:
        cls: Any = schema.cls
        scope[f"{own}extensions"] = cls._extensions.__set__
        init.append(f"{own}extensions({own}self, None)")
        new.append(f"{own}extensions({own}self, None)")
    for index, field in enumerate(schema.fields):
        scope[f"{own}set{index}"] = field.set
        name = field.name
        if field.repeated or field.is_map:
            fresh = "[]" if field.repeated else "{}"
            parameters.append(f"{name}=None")
            init.append(f"{own}set{index}({own}self, {fresh} if {name} is None else {name})")
            new.append(f"{own}set{index}({own}self, {fresh})")
        else:
            scope[f"{own}default{index}"] = field.default
            parameters.append(f"{name}={own}default{index}")
            init.append(f"{own}set{index}({own}self, {name})")
            new.append(f"{own}set{index}({own}self, {own}default{index})")
    for group, members in schema.oneofs.items():
        if len(members) > 1:
            given = " + ".join(f"({field.name} is not None)" for field in members)
            pairs = ", ".join(f"({field.name!r}, {field.name})" for field in members)
            init.append(f"if {given} > 1: {own}oneof({own}cls, {group!r}, {pairs})")
    if schema.cls.__deprecated__:
        init.append(f"{own}warn({schema.cls.__name__!r})")
    for index, field in enumerate(schema.fields):
        if field.deprecated:
            scope[f"{own}field{index}"] = field
            what = f"{schema.cls.__name__}.{field.name}"
            init.append(f"if not {own}field{index}.is_default({field.name}): {own}warn({what!r})")
    head = ", ".join([f"{own}self", *parameters])
    source = "\n  ".join([f"def __init__({head}):", *init])
    source += "\n" + "\n  ".join([f"def {own}make():", *new, f"return {own}self"]) + "\n"
    exec(compile(source, f"<constructor of {schema.cls.__qualname__}>", "exec"), scope)  # noqa: S102
    scope["__init__"].__qualname__ = f"{schema.cls.__qualname__}.__init__"
    return scope[f"{own}make"], scope["__init__"]


def _too_many_members(cls: type[Message], group: str, *pairs: tuple[str, Any]) -> None:
    given = [name for name, value in pairs if value is not None]
    raise TypeError(
        f"{cls.__name__}: {' and '.join(given)} are members of the oneof {group!r}, only one can be set"
    )
