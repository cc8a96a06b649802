"""The exception that ends an RPC with a status and its details, for all gRPC transports.

Servers import it with every generated module, so that the messages of google.rpc, which `aristaproto.rpc` has, are
imported when a status is made.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .bundled.google.rpc import Code, Status

__all__ = ("STATUS_DETAILS_KEY", "StatusError", "status_with")

STATUS_DETAILS_KEY = "grpc-status-details-bin"
"""The trailing metadata that holds a serialised google.rpc.Status."""


class StatusError(Exception):
    """Ends the RPC whose method raises it, on every kind of server, with a status that may carry details.

    ```python
    raise StatusError(Code.INVALID_ARGUMENT, "no name", [ErrorInfo(reason="NAME_MISSING", domain="example.com")])
    ```

    Args:
        code: A `Code` but OK; `grpc.StatusCode` and `grpclib.const.Status` are taken, too.
        message: What the client sees as details of its error (grpcio) or as its message (grpclib).
        details: Messages, those of google.rpc or any others; google.protobuf's are taken, too.

    Raises:
        ValueError: The code is OK, or no status code.
        TypeError: A detail is no message, or in no message pool.
    <https://google.aip.dev/193>
    """

    code: Code
    message: str
    details: tuple[Any, ...]
    status: Status
    """The whole as google.rpc.Status, as the client gets it."""

    def __init__(self, code: Any, message: str = "", details: Iterable[Any] = ()) -> None:
        from .bundled.google.rpc import Code

        number = code_number(code)
        if number not in range(1, 17):
            raise ValueError(f"expected the code of an error, 1 to 16, got {code!r}")
        self.code = Code(number)
        self.message = message
        self.details = tuple(details)
        self.status = status_with(number, message, self.details)
        super().__init__(self.code, message, self.details)

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}" if self.message else str(self.code.name)


def code_number(code: Any) -> Any:
    """The number of a status code: those of grpcio and grpclib are enums, grpcio's of pairs."""
    value = getattr(code, "value", code)
    return value[0] if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownVariableType]


def status_with(code: int, message: str, details: Iterable[Any]) -> Status:
    """The google.rpc.Status with these details. TypeError for one that is no message."""
    from .bundled.google.protobuf import Any as AnyMessage
    from .bundled.google.rpc import Status
    from .wkt import Any as WellKnownAny

    status = Status(code=code, message=message)
    for detail in details:
        google = getattr(detail, "DESCRIPTOR", None)
        if isinstance(detail, WellKnownAny):
            packed = AnyMessage(type_url=detail.type_url, value=detail.value)
        elif google is not None and not hasattr(detail, "__schema__"):
            packed = AnyMessage(
                type_url=f"type.googleapis.com/{google.full_name}", value=detail.SerializeToString()
            )
        else:
            packed = AnyMessage.pack(detail)
        status.details.append(packed)
    return status
