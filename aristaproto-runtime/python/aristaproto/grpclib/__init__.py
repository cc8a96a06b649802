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
    raise ImportError(
        "aristaproto.grpclib needs the package grpclib: pip install 'aristaproto[grpclib]'",
        name="grpclib",
    ) from error

from .grpclib_async_client import ServiceStub
from .grpclib_async_server import ServiceBase, current_stream
from .metadata import MetadataLike
from .status import StatusDetailsCodec

__all__ = (
    "Deadline",
    "Handler",
    "MetadataLike",
    "ServiceBase",
    "ServiceStub",
    "StatusDetailsCodec",
    "current_stream",
)
