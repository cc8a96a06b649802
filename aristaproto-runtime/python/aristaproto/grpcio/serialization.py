"""The serialiser of requests for grpcio: a message that cannot be encoded is never sent.

In: a message. Out: its bytes, or SerializationFailed, which the client stubs turn back into the
error of the message.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import Message


class SerializationFailed(BaseException):
    """Carries the exception of a serialiser through grpcio.

    grpcio logs whatever `Exception` a serialiser raises and goes on with no bytes; `grpc.aio` then
    sends an empty message in place of the one that failed. It lets other exceptions through.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def encode(message: Message) -> bytes:
    """The wire bytes of the message; EncodeError names the field, TypeError what is no message."""
    try:
        serialize_to_string = message.SerializeToString
    except AttributeError:
        raise TypeError(f"expected a request message, got {message!r}") from None
    return serialize_to_string()


def serialize(message: Message) -> bytes:
    """The wire bytes of the message; SerializationFailed around the error of `encode`."""
    try:
        return encode(message)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets it
        raise SerializationFailed(error) from None
