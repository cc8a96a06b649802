"""The text format codec: messages to text for people, and back.

`Message.to_text` and `Message.from_text` call the functions here; `write` prints a message,
`tokens` cuts text into tokens, `read` fills a message from them.

<https://protobuf.dev/reference/protobuf/textformat-spec/>
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ..base.errors import TextError
from ..model.message import Message
from ..model.required import check_required
from .read import Reader
from .write import Writer

if TYPE_CHECKING:
    from ..model.pool import MessagePool

__all__ = ("from_text", "to_text")

_M = TypeVar("_M", bound=Message)


def to_text(
    message: Message,
    *,
    print_unknown_fields: bool = False,
    message_pool: MessagePool | None = None,
) -> str:
    """Return a message in text format, a line for each value; empty for an empty message.

    Args:
        message: The message; it is not changed.
        print_unknown_fields: Whether unknown fields are put out, too, by their numbers.
        message_pool: Where the types of Any are looked up first.

    Raises:
        TextError: A value that its field cannot carry.
    """
    writer = Writer(
        unknown=print_unknown_fields, pools=(message_pool, type(message).__schema__.pool)
    )
    try:
        writer.message(message)
    except RecursionError:
        raise TextError(
            "expected fewer levels of messages, got more than Python's stack holds"
        ) from None
    return "".join(writer.lines)


def from_text(
    cls: type[_M],
    text: str,
    *,
    ignore_unknown_fields: bool = False,
    message_pool: MessagePool | None = None,
) -> _M:
    """Return a new message from text format.

    Args:
        cls: The class of the message.
        text: The fields of the message.
        ignore_unknown_fields: Whether fields that the class does not have are passed over.
        message_pool: Where the types of Any are looked up first.

    Raises:
        TextError: The text is no text format or does not fit the message; with line and column.
    """
    reader = Reader(
        text,
        ignore_unknown=ignore_unknown_fields,
        pools=(message_pool, cls.__schema__.pool),
    )
    try:
        message: _M = reader.outermost(cls)
    except RecursionError:
        raise TextError(
            "expected fewer levels of messages, got more than Python's stack holds"
        ) from None
    if cls.__schema__.needs_check:
        check_required(message, TextError)
    return message
