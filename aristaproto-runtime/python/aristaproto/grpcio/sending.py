"""Request streams over `grpc.aio`: through Core where no interceptor has to see them, else as an iterator.

In: a producer of requests and a call. Out: the requests sent while the caller receives. grpc's own `write` puts the status
INTERNAL in the place of the server's when the server has ended the call in the meantime, and it waits for interceptors
that wait for the call; neither way here uses it.
"""

from __future__ import annotations

from ..base.typing_lite import TypeVar
from ..rpc_streams import RequestSender
from .deferred import aio
from .internals import core_call
from .serialization import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
    from types import TracebackType
    from typing import Any

    from grpc.aio import StreamStreamCall, StreamUnaryCall

    from ..model.message import Message

    StreamCall = StreamUnaryCall[Any, Any] | StreamStreamCall[Any, Any]

__all__ = ("CoreSender", "Handover", "HandoverSender", "SendBelowInterceptors")

Request = TypeVar("Request", bound="Message")


def _call_ended() -> tuple[type[BaseException], ...]:
    """What sending on a call raises when the server has already ended it."""
    from asyncio import InvalidStateError

    return (aio.AioRpcError, aio.InternalError, InvalidStateError)


class CoreSender(RequestSender[Request]):
    """Sends a request stream over a call while the body of `async with` receives."""

    __slots__ = ("_call", "_connected", "_core", "_request_type")

    def __init__(
        self,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        call: StreamCall,
        core: Any,
    ) -> None:
        super().__init__(requests)
        self._request_type = request_type
        self._call = call
        self._core = core
        self._connected = False

    def _send(self, message: Request) -> Awaitable[object]:
        # A message that cannot be encoded fails here; below it would cancel the call silently.
        encoded = encode(message, self._request_type)
        if not self._connected:
            return self._send_first(encoded)
        sent: Awaitable[object] = self._core.send_serialized_message(encoded)
        return sent

    async def _send_first(self, encoded: bytes) -> None:
        await self._call.wait_for_connection()
        self._connected = True
        await self._core.send_serialized_message(encoded)

    def _end(self) -> Awaitable[object]:
        return self._call.done_writing()

    def _cancel(self) -> None:
        self._call.cancel()

    def _call_ended(self) -> tuple[type[BaseException], ...]:
        return _call_ended()


class Handover:
    """An async iterator that gives grpc, or its interceptors, what a HandoverSender puts in; one item waits at most."""

    __slots__ = ("_end", "_queue")

    def __init__(self) -> None:
        from asyncio import Queue

        self._queue: Queue[Any] = Queue(1)
        self._end = object()

    def __aiter__(self) -> Handover:
        return self

    async def __anext__(self) -> Any:
        item = await self._queue.get()
        if item is self._end:
            self._queue.put_nowait(item)
            raise StopAsyncIteration
        return item

    def put(self, message: object) -> Awaitable[None]:
        """Waits until there is room for a message."""
        return self._queue.put(message)

    def end(self) -> Awaitable[None]:
        """Waits until there is room for the end."""
        return self._queue.put(self._end)

    def close(self) -> None:
        """Ends the iteration now."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(self._end)


class HandoverSender(RequestSender[Request]):
    """Gives a request stream to grpc as messages while the body of `async with` receives."""

    __slots__ = ("_call", "_handover", "_request_type")

    def __init__(
        self,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        call: StreamCall,
        handover: Handover,
    ) -> None:
        super().__init__(requests)
        self._request_type = request_type
        self._call = call
        self._handover = handover

    def _send(self, message: Request) -> Awaitable[object]:
        # For the error: grpc encodes what the interceptors have made of the message.
        encode(message, self._request_type)
        return self._handover.put(message)

    def _end(self) -> Awaitable[object]:
        return self._handover.end()

    def _cancel(self) -> None:
        self._call.cancel()

    def _call_ended(self) -> tuple[type[BaseException], ...]:
        return _call_ended()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(exc_type, exc, traceback)
        finally:
            self._handover.close()


class SendBelowInterceptors:
    """The last of a method's interceptors: sends what the others have made of the requests, as CoreSender does."""

    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await self._start(continuation, client_call_details, request_iterator)

    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await self._start(continuation, client_call_details, request_iterator)

    async def _start(self, continuation: Any, client_call_details: Any, requests: Any) -> Any:
        call = await continuation(client_call_details, None)
        core = core_call(call)
        from asyncio import create_task

        task = create_task(_send_all(call, core, requests))
        _sending.add(task)
        task.add_done_callback(_sending.discard)
        # `call.add_done_callback` would keep the call in a reference cycle.
        (call if core is None else core).add_done_callback(_canceller(task))
        return call


def _canceller(task: Task[None]) -> Callable[..., object]:
    """What ends the sending with its call."""
    return lambda *_: task.cancel()  # pyright: ignore[reportUnknownLambdaType]


# The event loop keeps no strong reference to a task.
_sending: set[Task[None]] = set()


async def _send_all(call: Any, core: Any, requests: Any) -> None:
    from asyncio import CancelledError

    try:
        await call.wait_for_connection()
        if hasattr(requests, "__aiter__"):
            async for message in requests:
                await _send_one(call, core, message)
        else:
            for message in requests:
                await _send_one(call, core, message)
        await call.done_writing()
    except CancelledError:
        raise
    except _call_ended():
        return
    except Exception as error:  # noqa: BLE001 - an interceptor's, whatever it is
        call.cancel()
        from asyncio import get_running_loop

        get_running_loop().call_exception_handler(
            {"message": "an interceptor of requests failed", "exception": error}
        )


async def _send_one(call: Any, core: Any, message: Message) -> None:
    if core is None:
        await call.write(message)
    else:
        await core.send_serialized_message(encode(message))
