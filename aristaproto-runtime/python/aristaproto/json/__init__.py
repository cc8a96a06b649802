"""The JSON codec: ProtoJSON text and dicts on one side, messages on the other.

`Message.to_dict`, `to_json`, `from_dict` and `from_json` call the functions here. Text goes through
the standard `json` module, with hooks for what it would accept or round; `encode` and `decode`
convert between messages and plain values, `special` holds the forms of the well-known types.

<https://protobuf.dev/programming-guides/json/>
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from ..base.casing import Casing
from ..model.message import Message, OutputFormat
from .decode import Decoder, UnknownFieldError
from .encode import Encoder
from .parse import parse_text

if TYPE_CHECKING:
    from ..model.pool import MessagePool

__all__ = ("UnknownFieldError", "from_dict", "from_json", "to_dict", "to_json")

_M = TypeVar("_M", bound=Message)


def to_dict(
    message: Message,
    *,
    output_format: OutputFormat = OutputFormat.PROTO_JSON,
    casing: Casing = Casing.CAMEL,
    include_default_values: bool = False,
    message_pool: MessagePool | None = None,
) -> Any:
    """Return a message as plain values: a dict, or what the special form of a well-known type is.

    Args:
        message: The message; it is not changed.
        output_format: Values as ProtoJSON has them, or Python values as they are.
        casing: Keys as JSON names, or as the proto file spells them.
        include_default_values: Whether fields at their default are put out, too.
        message_pool: Where the types of Any are looked up first.

    Raises:
        JsonError: A value that its field cannot carry or that JSON cannot express.
    """
    encoder = Encoder(
        python=output_format == OutputFormat.PYTHON,
        snake=casing is Casing.SNAKE,
        defaults=include_default_values,
        text=False,
        pools=(message_pool, type(message).__schema__.pool),
    )
    return encoder.outermost(message)


def to_json(
    message: Message,
    *,
    indent: int | str | None = None,
    include_default_values: bool = False,
    casing: Casing = Casing.CAMEL,
    message_pool: MessagePool | None = None,
) -> str:
    """Return a message as ProtoJSON text; arguments and errors as `to_dict`.

    Args:
        indent: Spaces for each level, None for one line, as for `json.dumps`.
    """
    encoder = Encoder(
        python=False,
        snake=casing is Casing.SNAKE,
        defaults=include_default_values,
        text=True,
        pools=(message_pool, type(message).__schema__.pool),
    )
    return json.dumps(encoder.outermost(message), indent=indent, allow_nan=False)


def from_dict(
    cls: type[_M],
    value: object,
    *,
    ignore_unknown_fields: bool = False,
    message_pool: MessagePool | None = None,
) -> _M:
    """Return a new message from plain values: ProtoJSON or Python ones, in any mixture.

    Besides what ProtoJSON allows, times may be `datetime`s or any ISO 8601 text, durations
    `timedelta`s, bytes `bytes`, messages messages of the right class.

    Args:
        cls: The class of the message.
        value: A dict, or what the special form of a well-known type is.
        ignore_unknown_fields: Whether unknown keys and names of enum values are passed over.
        message_pool: Where the types of Any are looked up first.

    Raises:
        UnknownFieldError: A key that is no field (also a `KeyError`).
        JsonError: A value that does not fit its field.
    """
    decoder = Decoder(
        ignore_unknown=ignore_unknown_fields,
        text=False,
        pools=(message_pool, cls.__schema__.pool),
    )
    message: _M = decoder.outermost(cls, value)
    return message


def from_json(
    cls: type[_M],
    text: str | bytes,
    *,
    ignore_unknown_fields: bool = False,
    message_pool: MessagePool | None = None,
) -> _M:
    """Return a new message from ProtoJSON text, UTF-8 if it is bytes; see `from_dict`.

    Text is read as strictly as ProtoJSON says: times in RFC 3339 only, no key twice in an object.

    Raises:
        UnknownFieldError: A key that is no field (also a `KeyError`).
        JsonError: The text is no JSON (with line and column), or a value does not fit its field.
    """
    decoder = Decoder(
        ignore_unknown=ignore_unknown_fields,
        text=True,
        pools=(message_pool, cls.__schema__.pool),
    )
    message: _M = decoder.outermost(cls, parse_text(text))
    return message
