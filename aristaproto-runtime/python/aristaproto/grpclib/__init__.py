"""gRPC over grpclib: what generated clients and servers (asyncio) build on.

In: messages with `FromString` and `SerializeToString`. Out: calls on a `grpclib.client.Channel`,
handlers for a `grpclib.server.Server`. Generated modules import it;
`import aristaproto` does not.
"""

from __future__ import annotations

try:
    from grpclib.const import Handler
    from grpclib.metadata import Deadline
except ModuleNotFoundError as error:
    if error.name != "grpclib":
        raise
    from ..base.distribution import extra

    raise ImportError(
        f"aristaproto.grpclib needs the package grpclib: {extra('grpclib')}", name="grpclib"
    ) from error

from .grpclib_async_client import ServiceStub
from .grpclib_async_server import ServiceBase, current_stream
from .metadata import MetadataLike
from .status import StatusDetailsCodec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .builtin import Health, Reflection, ServingStatus, health, reflection
    from .calls import StreamCall, UnaryCall, start_call
else:

    def __getattr__(name: str) -> Any:
        if name in ("Health", "Reflection", "ServingStatus", "health", "reflection"):
            from . import builtin

            return getattr(builtin, name)
        if name in ("StreamCall", "UnaryCall", "start_call"):
            from . import calls

            return getattr(calls, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = (
    "Deadline",
    "Handler",
    "Health",
    "MetadataLike",
    "Reflection",
    "ServiceBase",
    "ServiceStub",
    "ServingStatus",
    "StatusDetailsCodec",
    "StreamCall",
    "UnaryCall",
    "current_stream",
    "health",
    "reflection",
    "start_call",
)
