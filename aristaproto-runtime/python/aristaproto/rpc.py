"""Errors of RPCs with details: the messages of google.rpc, raised in any server and read from the error of any client.

In a handler, `StatusError`; at a client, `status_of` and `detail`. Nothing here needs google.protobuf.

<https://google.aip.dev/193>, <https://grpc.io/docs/guides/error/#richer-error-model>
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .bundled.google.rpc import (
    BadRequest,
    BadRequestFieldViolation,
    Code,
    DebugInfo,
    ErrorInfo,
    Help,
    HelpLink,
    LocalizedMessage,
    PreconditionFailure,
    PreconditionFailureViolation,
    QuotaFailure,
    QuotaFailureViolation,
    RequestInfo,
    ResourceInfo,
    RetryInfo,
    Status,
)
from .rpc_status import STATUS_DETAILS_KEY, StatusError, code_number, serialized_status

if TYPE_CHECKING:
    from .model.message import Message

__all__ = (
    "BadRequest",
    "BadRequestFieldViolation",
    "Code",
    "DebugInfo",
    "ErrorInfo",
    "Help",
    "HelpLink",
    "LocalizedMessage",
    "PreconditionFailure",
    "PreconditionFailureViolation",
    "QuotaFailure",
    "QuotaFailureViolation",
    "RequestInfo",
    "ResourceInfo",
    "RetryInfo",
    "Status",
    "StatusError",
    "detail",
    "status_of",
)

_M = TypeVar("_M", bound="Message")


def status_of(error: BaseException) -> Status:
    """The status that a failed call ended with; its `details` are empty when the server sent none.

    Args:
        error: What a stub raised: `grpc.RpcError`, `grpc.aio.AioRpcError`, `grpclib.exceptions.GRPCError`. A `StatusError`
            gives its own.

    Raises:
        TypeError: Some other exception.
        DecodeError: What the server sent as details is no google.rpc.Status.
    """
    if isinstance(error, StatusError):
        return Status.parse(error.serialized)
    of: Any = error
    if callable(getattr(error, "trailing_metadata", None)) and callable(getattr(of, "code", None)):
        code, message = code_number(of.code()), of.details() or ""
        for key, value in of.trailing_metadata() or ():
            if key == STATUS_DETAILS_KEY:
                status = Status.parse(value)
                # What gRPC itself says is what everybody else has seen.
                status.code, status.message = code, message
                return status
        return Status(code=code, message=message)
    if hasattr(error, "status") and hasattr(error, "message"):
        details: Any = getattr(of, "details", None)
        sent = getattr(details, "serialized", None)
        number, message = code_number(of.status), of.message or ""
        if isinstance(sent, bytes):
            return Status(code=number, message=message, details=Status.parse(sent).details)
        packable = (it for it in details or () if hasattr(it, "SerializeToString"))
        return Status.parse(serialized_status(number, message, packable))
    raise TypeError(f"expected the error of a gRPC call, got {error!r}")


def detail(source: BaseException | Status, kind: type[_M]) -> _M | None:
    """The first detail of a class, None when there is none.

    Args:
        source: The error of a client, as for `status_of`, or a status.
        kind: `ErrorInfo` or another message; a class of your own tree reads what is sent under its full name.

    Raises:
        TypeError: The source is neither.
        DecodeError: The detail is no message of this class.
    """
    status = source if isinstance(source, Status) else status_of(source)
    name = kind.__schema__.full_name
    for packed in status.details:
        if packed.type_url.rpartition("/")[2] == name:
            return kind.parse(packed.value)
    return None
