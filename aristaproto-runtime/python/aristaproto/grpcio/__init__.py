"""gRPC over grpcio: what generated clients and servers (sync and asyncio) build on, and functions for them.

In: messages with `FromString` and `SerializeToString`. Out: calls on a `grpc.Channel` or
`grpc.aio.Channel`, handlers for a `grpc.server()` or a `grpc.aio.server()`. Generated modules import it;
`import aristaproto` does not.
"""

from __future__ import annotations

from .deferred import grpc
from .grpcio_async_client import ServiceStub
from .grpcio_async_server import ServiceBase
from .grpcio_sync_client import SyncServiceStub
from .grpcio_sync_server import SyncServiceBase
from .metadata import MetadataLike
from .servers import add_to_server, current_context, current_sync_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Offered to generated code, which then imports nothing from grpc: mypy knows no types for it.
    from grpc import (  # type: ignore[import-untyped, unused-ignore]
        CallCredentials,
        GenericRpcHandler,
    )

    from .builtin import Health, Reflection, ServingStatus, health, reflection
    from .calls import (
        StreamCall,
        SyncStreamCall,
        SyncUnaryCall,
        UnaryCall,
        compressed,
        start_call,
    )
else:
    _CALLS = (
        "StreamCall",
        "SyncStreamCall",
        "SyncUnaryCall",
        "UnaryCall",
        "compressed",
        "start_call",
    )

    def __getattr__(name: str) -> Any:
        if name in ("Health", "Reflection", "ServingStatus", "health", "reflection"):
            from . import builtin

            return getattr(builtin, name)
        if name in _CALLS:
            from . import calls

            return getattr(calls, name)
        if name in ("CallCredentials", "GenericRpcHandler"):
            return getattr(grpc, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = (
    "CallCredentials",
    "GenericRpcHandler",
    "Health",
    "MetadataLike",
    "Reflection",
    "ServiceBase",
    "ServiceStub",
    "ServingStatus",
    "StreamCall",
    "SyncServiceBase",
    "SyncServiceStub",
    "SyncStreamCall",
    "SyncUnaryCall",
    "UnaryCall",
    "add_to_server",
    "compressed",
    "current_context",
    "current_sync_context",
    "health",
    "reflection",
    "start_call",
)
