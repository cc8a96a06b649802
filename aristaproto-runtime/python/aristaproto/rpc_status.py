"""The exception that ends an RPC with a status and its details, for all gRPC transports.

Servers import it with every generated module, so that it writes google.rpc.Status itself: its messages, which
`aristaproto.rpc` has, are imported by those who use them.
<https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>
"""

from __future__ import annotations

from .base.wire import varint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ("STATUS_DETAILS_KEY", "StatusError", "code_number", "serialized_status")

STATUS_DETAILS_KEY = "grpc-status-details-bin"
"""The trailing metadata that holds a serialised google.rpc.Status."""


class StatusError(Exception):
    """Ends the RPC whose method raises it, on every kind of server, with a status that may carry details.

    ```python
    raise StatusError(Code.INVALID_ARGUMENT, "no name", [ErrorInfo(reason="NAME_MISSING", domain="example.com")])
    ```

    Args:
        code: A number from 1 to 16, a `Code` of `aristaproto.rpc`; `grpc.StatusCode` and `grpclib.const.Status` are taken,
            too.
        message: What the client sees as details of its error (grpcio) or as its message (grpclib).
        details: Messages, those of google.rpc or any others; google.protobuf's are taken, too.

    Raises:
        ValueError: The code is OK, or no status code.
        TypeError: A detail is no message, or in no message pool.
    <https://google.aip.dev/193>
    """

    code: int
    message: str
    details: tuple[Any, ...]
    serialized: bytes
    """The whole as a serialised google.rpc.Status; `aristaproto.rpc.status_of` gives it as a message."""

    def __init__(self, code: Any, message: str = "", details: Iterable[Any] = ()) -> None:
        number = code_number(code)
        if number not in range(1, 17):
            raise ValueError(f"expected the code of an error, 1 to 16, got {code!r}")
        self.code = int(number)
        self.message = message
        self.details = tuple(details)
        self.serialized = serialized_status(self.code, message, self.details)
        super().__init__(code, message, self.details)


def code_number(code: Any) -> Any:
    """The number of a status code: those of grpcio and grpclib are enums, grpcio's of pairs."""
    value = getattr(code, "value", code)
    return value[0] if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownVariableType]


def serialized_status(code: int, message: str, details: Iterable[Any]) -> bytes:
    """A serialised google.rpc.Status with these details. TypeError for one that is no message."""
    data = b"\x08" + varint(code) if code else b""
    if message:
        data += _field(b"\x12", message.encode())
    for detail in details:
        type_url, value = _packed(detail)
        data += _field(
            b"\x1a", _field(b"\x0a", type_url.encode()) + (_field(b"\x12", value) if value else b"")
        )
    return data


def _field(tag: bytes, payload: bytes) -> bytes:
    return tag + varint(len(payload)) + payload


def _packed(detail: Any) -> tuple[str, bytes]:
    """The fields of google.protobuf.Any for a message, those of an Any that it is."""
    schema = getattr(detail, "__schema__", None)
    if schema is None:
        google = getattr(detail, "DESCRIPTOR", None)
        if google is None or not hasattr(detail, "SerializeToString"):
            raise TypeError(f"expected a message as detail, got {detail!r}")
        full_name: str = google.full_name
    else:
        full_name = schema.full_name
        if schema.pool is None:
            raise TypeError(
                f"{type(detail).__name__} is in no message pool: register it with "
                "MessagePool.register(package, {name: class}) first"
            )
    if full_name == "google.protobuf.Any":
        return detail.type_url, detail.value
    return f"type.googleapis.com/{full_name}", detail.SerializeToString()
