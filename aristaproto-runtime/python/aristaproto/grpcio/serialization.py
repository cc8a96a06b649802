"""Requests and their bytes for grpcio: a message that cannot be encoded is never sent.

In: a message. Out: its bytes, or the error that its caller gets before anything is sent. Bytes from a peer that are no
message are kept until the handler of the method can say so.
"""

from __future__ import annotations

from ..rpc_requests import check_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .. import Message


class SerializationFailed(BaseException):
    """Carries the exception of a serialiser through grpcio.

    grpcio logs whatever `Exception` a serialiser raises and goes on with no bytes; `grpc.aio` then
    sends an empty message in place of the one that failed. It lets other exceptions through.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def encode(message: Message, request_type: type[Any] | None = None) -> bytes:
    """The wire bytes of the message; EncodeError names the field, TypeError what is no such message."""
    check_request(message, request_type)
    return message.SerializeToString()


def serialize(message: Message | bytes) -> bytes:
    """The wire bytes of a message that may be encoded already; SerializationFailed around the error of `encode`."""
    if isinstance(message, bytes):
        return message
    try:
        return encode(message)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets it
        raise SerializationFailed(error) from None


class UndecodableRequest:
    """Stands for a request whose bytes are not a message of its type, on its way to the handler of the method.

    An exception in a deserialiser is the status UNKNOWN; INTERNAL, as the table of statuses asks, is set where the
    context of the call is known. Who looks at a field of it before gets the error.
    https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
    """

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        raise self.error


def request_deserializer(request_type: type[Any]) -> Callable[[bytes], Any]:
    """A deserialiser that gives UndecodableRequest where the bytes are no message."""
    from_string = request_type.FromString

    def deserialize(data: bytes) -> Any:
        try:
            return from_string(data)
        except Exception as error:  # noqa: BLE001 - all that a decoder raises means the same
            return UndecodableRequest(error)

    return deserialize
