"""Calls over grpcio that can be looked at: metadata, status, cancellation and callbacks; and calls with compression.

In: a method of a generated stub and its arguments. Out: objects for `grpc.aio` (`UnaryCall`, `StreamCall`) and for `grpc.Channel`
(`SyncUnaryCall`, `SyncStreamCall`). A stub's own way makes the call; here is a copy of the stub that notes it.
<https://grpc.github.io/grpc/python/grpc_asyncio.html#grpc.aio.Call>
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from ..rpc_calls import AsyncStreamCall, AsyncUnaryCall, Watch, requests_of, stub_and_function
from ..rpc_streams import close_stream
from .grpcio_async_client import ServiceStub
from .grpcio_sync_client import SyncServiceStub
from .internals import compression_metadata, core_call
from .sync_calls import SyncStreamCall, SyncUnaryCall, starting

if TYPE_CHECKING:
    import grpc  # type: ignore[import-untyped, unused-ignore]
    from grpc import aio

    from ..model.message import Message
else:
    from .deferred import aio, grpc

__all__ = ("StreamCall", "SyncStreamCall", "SyncUnaryCall", "UnaryCall", "compressed", "start_call")

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="Message")
Stub = TypeVar("Stub", bound="ServiceStub | SyncServiceStub")


def _status_of(
    error: BaseException, view: object
) -> tuple[grpc.StatusCode, str, aio.Metadata] | None:
    if isinstance(error, aio.AioRpcError):
        trailing = error.trailing_metadata()
        return error.code(), error.details() or "", aio.Metadata() if trailing is None else trailing
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        return grpc.StatusCode.CANCELLED, "Locally cancelled by application!", aio.Metadata()
    return None


class UnaryCall(AsyncUnaryCall[R, "grpc.StatusCode", "aio.Metadata"]):
    """A call with one response over a `grpc.aio.Channel`; see `start_call`."""

    _status_of = staticmethod(_status_of)


class StreamCall(AsyncStreamCall[R, "grpc.StatusCode", "aio.Metadata"]):
    """A call with a stream of responses over a `grpc.aio.Channel`; see `start_call`."""

    _status_of = staticmethod(_status_of)


class _AioView:
    """A call of `grpc.aio`, which may go through interceptors."""

    __slots__ = ("_call",)

    def __init__(self, call: Any) -> None:
        self._call = call

    async def initial_metadata(self) -> aio.Metadata:
        metadata: aio.Metadata | None = await self._call.initial_metadata()
        # Interceptors may give a response without a call.
        return aio.Metadata() if metadata is None else metadata

    async def status(self) -> tuple[grpc.StatusCode, str, aio.Metadata]:
        metadata: aio.Metadata | None = await self._call.trailing_metadata()
        return (
            await self._call.code(),
            await self._call.details() or "",
            aio.Metadata() if metadata is None else metadata,
        )

    def cancel(self) -> None:
        self._call.cancel()

    def on_end(self, callback: Callable[[], None]) -> None:
        # `call.add_done_callback` would keep the call in a reference cycle.
        core = core_call(self._call)

        def done(*_: object) -> None:
            callback()

        (self._call if core is None else core).add_done_callback(done)

    def ended(self) -> None:
        pass


class _Noting:
    """Makes the calls of a method, and notes them."""

    __slots__ = ("_make", "_watch")

    def __init__(
        self, make: Callable[..., Any], watch: Watch[grpc.StatusCode, aio.Metadata]
    ) -> None:
        self._make = make
        self._watch = watch

    def __call__(self, *args: Any, **options: Any) -> Any:
        call = self._make(*args, **options)
        self._watch.note(_AioView(call))
        return call


@overload
def start_call(
    method: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
) -> UnaryCall[R]: ...
@overload
def start_call(
    method: Callable[P, AsyncGenerator[R, None]], /, *args: P.args, **kwargs: P.kwargs
) -> StreamCall[R]: ...
@overload
def start_call(
    method: Callable[P, Iterator[R]], /, *args: P.args, **kwargs: P.kwargs
) -> SyncStreamCall[R]: ...
@overload
def start_call(
    method: Callable[P, M], /, *args: P.args, **kwargs: P.kwargs
) -> SyncUnaryCall[M]: ...
def start_call(method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Starts a call that can be looked at: `start_call(stub.get_item, request, timeout=2)`.

    Args:
        method: A method of a generated stub.
        *args: What the method takes.
        **kwargs: And by name, such as `timeout`.

    Returns:
        At once, without waiting for the server: `UnaryCall`, which is awaited, or `StreamCall`, which is iterated, of an
        asynchronous stub; `SyncUnaryCall`, which is a future, or `SyncStreamCall`, which is iterated, of a synchronous one.

    Raises:
        TypeError: The method is not one of a generated stub. Of a synchronous stub, also the errors of a request that cannot
            be sent; an asynchronous call raises them when it is awaited or iterated, as its method does.
        RuntimeError: An asynchronous stub, and no event loop runs.
    """
    stub, function = stub_and_function(method, ServiceStub, SyncServiceStub)
    if isinstance(stub, SyncServiceStub):
        started = function(starting(stub), *args, **kwargs)
        if not isinstance(started, (SyncUnaryCall, SyncStreamCall)):
            raise TypeError(
                f"{type(stub).__name__}.{function.__name__} is no generated method: it gives back {type(started).__name__}"
            )
        return started  # pyright: ignore[reportUnknownVariableType]
    watch = Watch["grpc.StatusCode", "aio.Metadata"]()
    watching: Any = copy(stub)

    def method_of(*key: Any) -> Any:
        return stub._method(*key).around(partial(_Noting, watch=watch))

    vars(watching)["_method"] = method_of
    started = function(watching, *args, **kwargs)
    if isinstance(started, Coroutine):
        requests = requests_of(args, kwargs)
        return UnaryCall(started, watch, partial(close_stream, requests, requests))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return StreamCall(started, watch)


def compressed(stub: Stub, compression: grpc.Compression) -> Stub:
    """A stub like this one whose calls compress their requests: `compressed(stub, grpc.Compression.Gzip).get_item(request)`.

    Args:
        stub: A stub over grpcio, of either kind; it stays as it is, and the channel is shared.
        compression: For each call of the new stub, in place of what its channel or `stub` says; `NoCompression` switches
            it off.

    Raises:
        TypeError: `stub` is none over grpcio.

    <https://grpc.io/docs/guides/compression/>
    """
    if not isinstance(stub, (ServiceStub, SyncServiceStub)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected a generated stub over grpcio, got {stub!r}")
    made: Any = copy(stub)
    plain = made._method
    if isinstance(plain, _CompressedMethods):
        plain = plain.plain
    vars(made)["_method"] = _CompressedMethods(plain, compression)
    return cast("Stub", made)


class _CompressedMethods:
    """The methods of a stub with compression, each made when it is first called."""

    __slots__ = ("_compression", "_methods", "plain")

    def __init__(self, plain: Callable[..., Any], compression: grpc.Compression) -> None:
        self.plain = plain
        self._compression = compression
        self._methods: dict[tuple[Any, ...], Any] = {}

    def __call__(self, *key: Any) -> Any:
        method = self._methods.get(key)
        if method is None:
            method = self.plain(*key)
            compressing = partial(_Compressing, compression=self._compression)
            if hasattr(method, "around"):
                method = method.around(compressing)
            else:  # A tuple, of a synchronous stub.
                method = (compressing(method[0]), *method[1:])
            self._methods[key] = method
        return method


class _Compressing:
    """Makes the calls of a method with compression."""

    __slots__ = ("_compression", "_make")

    def __init__(self, make: Any, compression: grpc.Compression) -> None:
        self._make = make
        self._compression = compression

    def __call__(self, *args: Any, **options: Any) -> Any:
        if self._compression.value:
            return self._make(*args, compression=self._compression, **options)
        # grpc takes NoCompression for none given, and compresses as the channel says.
        return self._make(*args, **self._in_metadata(options))

    def future(self, *args: Any, **options: Any) -> Any:
        """As a synchronous call is started."""
        return self._make.future(*args, **self._in_metadata(options))

    def _in_metadata(self, options: dict[str, Any]) -> dict[str, Any]:
        metadata = options["metadata"] or ()
        return {**options, "metadata": (*metadata, compression_metadata(self._compression))}
