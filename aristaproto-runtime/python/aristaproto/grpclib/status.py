"""Errors with details on grpclib, in both directions, as serialised google.rpc.Status.

grpclib leaves details to a codec, of which it has one for google.protobuf's classes. Streams of generated bases and stubs
have this module's in front of it, whatever the channel or the server was given.
<https://grpclib.readthedocs.io/en/latest/errors.html>
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from grpclib.const import Status
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.exceptions import GRPCError

from ..base.errors import DecodeError
from ..bundled.google.rpc import Status as StatusMessage
from ..rpc_status import StatusError, code_number, serialized_status

__all__ = ("StatusDetails", "StatusDetailsCodec", "StatusSender", "keep_details")


class StatusDetails(list[Any]):
    """The details of a GRPCError, with the serialised google.rpc.Status that they came in."""

    serialized: bytes


class StatusDetailsCodec(StatusDetailsCodecBase):
    """Details as messages of this package, for channels and servers with other stubs and handlers than generated ones.

    `Channel(..., status_details_codec=StatusDetailsCodec())`, and so `Server`. Details that are read are messages of
    google.rpc and the well-known types; any others, and those that do not decode, stay an `Any`.
    """

    def encode(self, status: Status, message: str | None, details: Any) -> bytes:
        """The serialised google.rpc.Status with these details, an iterable of messages."""
        return serialized_status(code_number(status), message or "", details)

    def decode(self, status: Status, message: str | None, data: bytes) -> StatusDetails:
        """The details in a serialised google.rpc.Status; none for anything else.

        It raises nothing: grpclib would lose the status to it, which has come beside the details.
        """
        details = StatusDetails()
        details.serialized = data
        try:
            parsed = StatusMessage.parse(data)
        except DecodeError:  # `status_of` raises it.
            return details
        for packed in parsed.details:
            try:
                details.append(packed.unpack())
            except (TypeError, DecodeError):
                details.append(packed)
        return details


class _KeepingCodec(StatusDetailsCodec):
    """Reads details as the channel's codec does, and keeps the status in which they came."""

    def __init__(self, codec: StatusDetailsCodecBase | None) -> None:
        self._codec = codec

    def decode(self, status: Status, message: str | None, data: bytes) -> StatusDetails:
        details = super().decode(status, message, data)
        if self._codec is not None:
            # Another library's codec may raise what it likes, such as google's DecodeError. That would take the status away
            # from the caller, who has the details as they were read here.
            with suppress(Exception):
                details[:] = self._codec.decode(status, message, data) or ()
        return details


def keep_details(stream: Any) -> None:
    """Makes the GRPCError of a client's stream keep its details."""
    stream._status_details_codec = _KeepingCodec(getattr(stream, "_status_details_codec", None))


class StatusSender:
    """Around a method of a service: makes a StatusError the status of the request on its stream."""

    __slots__ = ("_stream",)

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        if isinstance(exc, StatusError):
            self._stream._status_details_codec = StatusDetailsCodec()
            raise GRPCError(Status(exc.code), exc.message or None, exc.details or None) from exc
