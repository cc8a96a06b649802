"""The codec in Rust, `aristaproto-runtime/src`. Only `aristaproto.codec` imports it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, final

from typing_extensions import Buffer

from .base.casing import Casing
from .model.message import Message, OutputFormat
from .model.pool import MessagePool
from .schema.fields import Field, Schema

_M = TypeVar("_M", bound=Message)
_Field = TypeVar("_Field", bound=Callable[..., Any])
_MapField = TypeVar("_MapField", bound=Callable[..., Any])

class MessageBase: ...

@final
class Plan: ...

def bind(schema: Schema, base: type[Message]) -> tuple[Plan, list[Any], list[Any]]: ...
def bind_slot(owner: type[Message], name: str, default: object) -> None: ...
def byte_size(message: Message) -> int: ...
def check_stack() -> None: ...
def decode(message: Message, data: Buffer, *, partial: bool = False) -> None: ...
def encode(message: Message) -> bytes: ...
def field_functions(
    plain_field: _Field, plain_map_field: _MapField
) -> tuple[_Field, _MapField]: ...
def from_dict(
    class_: type[_M], value: object, ignore_unknown: bool, pool: MessagePool | None, /
) -> _M | None: ...
def from_json(
    class_: type[_M], text: str | bytes, ignore_unknown: bool, pool: MessagePool | None, /
) -> _M | None: ...
def install(message: type[Message], metaclass: type) -> None: ...
def merge(
    message: Message, other: Message, by_python: Callable[[Message, Field, Message], None]
) -> bool: ...
def new(class_: type[_M], /) -> _M: ...
def numbers(message: Message, number: int) -> bytes | None: ...
def oneof_slot(
    class_: type[Message],
    oneof: str,
    members: list[str],
    set: Callable[[Message, Any], None],
    documentation: str,
    /,
) -> property: ...
def register(
    pool: MessagePool, known: dict[str, type[Any]], prefix: str, types: Mapping[str, Any]
) -> Iterable[tuple[str, Any]]: ...
def to_dict(
    message: Message,
    output_format: OutputFormat,
    defaults: bool,
    casing: Casing,
    pool: MessagePool | None,
) -> Any: ...
