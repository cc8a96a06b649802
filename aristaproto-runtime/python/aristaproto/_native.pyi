"""The codec in Rust, aristaproto-runtime/src. Only `aristaproto.codec` imports it."""

from typing import Any, TypeVar

from .casing import Casing
from .message import Message, OutputFormat
from .registry import MessagePool
from .schema import Schema

_M = TypeVar("_M", bound=Message)

class MessageBase: ...
class Plan: ...

def install(message: type[Message], metaclass: type) -> None: ...
def new(class_: type[_M], /) -> _M: ...
def bind(schema: Schema, base: type[Message], /) -> tuple[Plan, list[Any], list[Any]]: ...
def bind_slot(owner: type[Message], name: str, default: object, /) -> None: ...
def encode(message: Message) -> bytes: ...
def to_json(
    message: Message,
    indent: int | str | None,
    defaults: bool,
    casing: Casing,
    pool: MessagePool | None,
    /,
) -> str | None: ...
def from_json(
    class_: type[_M], text: str | bytes, ignore_unknown: bool, pool: MessagePool | None, /
) -> _M | None: ...
def to_dict(
    message: Message,
    output_format: OutputFormat,
    defaults: bool,
    casing: Casing,
    pool: MessagePool | None,
    /,
) -> Any: ...
def from_dict(
    class_: type[_M], value: object, ignore_unknown: bool, pool: MessagePool | None, /
) -> _M | None: ...
def decode(message: Message, data: Any, *, partial: bool = False) -> None: ...
