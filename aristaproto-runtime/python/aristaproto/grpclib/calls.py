"""Calls over grpclib that can be looked at: metadata, status, cancellation and callbacks.

In: a method of a generated stub and its arguments. Out: `UnaryCall` or `StreamCall`. A stub's own way makes the call; here is a
copy of the stub that notes it.
<https://grpclib.readthedocs.io/en/latest/client.html>
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from multidict import MultiDict

from ..rpc_calls import AsyncStreamCall, AsyncUnaryCall, Watch, requests_of, stub_and_function
from ..rpc_streams import close_stream
from .grpclib_async_client import Call, ServiceStub

if TYPE_CHECKING:
    from ..model.message import Message
    from ..rpc_metadata import MetadataValue

__all__ = ("StreamCall", "UnaryCall", "start_call")

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="Message")


class _LookedAt(Call[M]):
    """A call of grpclib that says when the initial metadata is there, and can be cancelled while a task waits."""

    __slots__ = ("_cancelled", "_initial")

    def __init__(self, stream: Any, response_type: type[M]) -> None:
        super().__init__(stream, response_type)
        self._initial = asyncio.Event()
        self._cancelled = False

    async def receive(self) -> M | None:
        try:
            if not self._initial.is_set():
                try:
                    with self.steps:
                        await self.stream.recv_initial_metadata()
                finally:
                    self._initial.set()
            return await super().receive()
        except Exception:
            if self._cancelled:
                raise asyncio.CancelledError from None
            raise

    async def initial_metadata(self) -> MultiDict[MetadataValue]:
        await self._initial.wait()
        return _copy(self.stream.initial_metadata)

    def trailing_metadata(self) -> MultiDict[MetadataValue]:
        return _copy(self.stream.trailing_metadata)

    async def status(self) -> tuple[Status, str, MultiDict[MetadataValue]]:
        return Status.OK, "", self.trailing_metadata()

    def cancel(self) -> None:
        self._cancelled = True
        wrapper: Any = getattr(self.stream, "_wrapper", None)
        if wrapper is not None:
            wrapper.cancel(GRPCError(Status.CANCELLED, _CANCELLED))

    def on_end(self, callback: Callable[[], None]) -> None:
        """grpclib learns how a call ended when its responses are read."""

    def ended(self) -> None:
        self._initial.set()


_CANCELLED = "cancelled by the client"


def _copy(metadata: Mapping[str, MetadataValue] | None) -> MultiDict[MetadataValue]:
    return MultiDict() if metadata is None else MultiDict(metadata)


def _status_of(
    error: BaseException, view: _LookedAt[Any] | None
) -> tuple[Status, str, MultiDict[MetadataValue]] | None:
    trailing: MultiDict[MetadataValue] = MultiDict() if view is None else view.trailing_metadata()
    if isinstance(error, GRPCError):
        return error.status, error.message or "", trailing
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        return Status.CANCELLED, _CANCELLED, trailing
    if isinstance(error, asyncio.TimeoutError):
        return Status.DEADLINE_EXCEEDED, str(error), trailing
    if isinstance(error, OSError):
        return Status.UNAVAILABLE, str(error), trailing
    return None


class UnaryCall(AsyncUnaryCall[R, Status, "MultiDict[MetadataValue]"]):
    """A call with one response over a `grpclib.client.Channel`; see `start_call`."""

    _status_of = staticmethod(_status_of)


class StreamCall(AsyncStreamCall[R, Status, "MultiDict[MetadataValue]"]):
    """A call with a stream of responses over a `grpclib.client.Channel`; see `start_call`."""

    _status_of = staticmethod(_status_of)


@overload
def start_call(
    method: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
) -> UnaryCall[R]: ...
@overload
def start_call(
    method: Callable[P, AsyncGenerator[R, None]], /, *args: P.args, **kwargs: P.kwargs
) -> StreamCall[R]: ...
def start_call(method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Starts a call that can be looked at: `start_call(stub.get_item, request, timeout=2)`.

    Args:
        method: A method of a generated stub.
        *args: What the method takes.
        **kwargs: And by name, such as `timeout`.

    Returns:
        At once, without waiting for the server: `UnaryCall`, which is awaited, or `StreamCall`, which is iterated.

    Raises:
        TypeError: The method is not one of a generated stub. The call raises the errors of a request that cannot be sent when
            it is awaited or iterated, as its method does.
        RuntimeError: No event loop runs.
    """
    stub, function = stub_and_function(method, ServiceStub)
    watch = Watch[Status, "MultiDict[MetadataValue]"]()

    def start(*of_call: Any) -> _LookedAt[Any]:
        call = stub._start(*of_call)
        looked_at = _LookedAt[Any](call.stream, call.response_type)
        watch.note(looked_at)
        return looked_at

    watching: Any = copy(stub)
    vars(watching)["_start"] = start
    started = function(watching, *args, **kwargs)
    if isinstance(started, Coroutine):
        requests = requests_of(args, kwargs)
        return UnaryCall(started, watch, partial(close_stream, requests, requests))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return StreamCall(started, watch)
