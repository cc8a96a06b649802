"""The base of generated asyncio stubs on grpclib.

In: a `grpclib.client.Channel`, a route and a request message or an (async) iterable of them. Out: a
response message or an async generator of them. Generated `XStub`/`XAsyncStub` classes call the four
helpers, one for each kind of method.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import h2.exceptions
from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

from ..model.message import Message
from ..rpc_streams import RequestSender, close_stream
from .metadata import text_metadata
from .status import keep_details

if TYPE_CHECKING:
    from types import TracebackType

    from grpclib.client import Channel, Stream
    from grpclib.metadata import Deadline

    from .metadata import MetadataLike

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)

# What sending on a stream raises when the server has already ended the call, or the deadline has.
CALL_ENDED: tuple[type[Exception], ...] = (
    StreamTerminatedError,
    ProtocolError,
    h2.exceptions.ProtocolError,
    asyncio.TimeoutError,
)


class ServiceStub:
    """Calls the methods of one service over a `grpclib.client.Channel`.

    Every option is the default for each call of this stub; an option given to a call wins over it,
    one by one. Failed calls raise `grpclib.exceptions.GRPCError`, which has `status` and `message`;
    a server that is down raises OSError. A deadline that has passed raises `asyncio.TimeoutError`,
    or GRPCError with DEADLINE_EXCEEDED if the server notices first.

    Args:
        channel: where the calls go; it stays the caller's to close.
        timeout: seconds until a call fails; None waits for ever.
        deadline: a point in time at which a call fails; the earlier of timeout and deadline counts.
        metadata: a mapping or pairs; keys in lower case, values str, or bytes under keys that end
            in `-bin`.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> None:
        self._channel = channel
        self._timeout = timeout
        self._deadline = deadline
        self._metadata = text_metadata(metadata)

    async def _unary_unary(
        self,
        route: str,
        request: Message,
        response_type: type[Response],
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> Response:
        """Sends one request and returns the one response."""
        async with self._channel.request(
            route,
            Cardinality.UNARY_UNARY,
            message_type(request),
            response_type,
            timeout=self._timeout if timeout is None else timeout,
            deadline=self._deadline if deadline is None else deadline,
            metadata=self._metadata if metadata is None else text_metadata(metadata),
        ) as stream:
            keep_details(stream)
            await stream.send_message(request, end=True)
            response = await stream.recv_message()
        if response is None:
            raise _no_response(response_type)
        return response

    async def _unary_stream(
        self,
        route: str,
        request: Message,
        response_type: type[Response],
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> AsyncGenerator[Response, None]:
        """Sends one request and yields the responses; closing the generator cancels the call."""
        async with self._channel.request(
            route,
            Cardinality.UNARY_STREAM,
            message_type(request),
            response_type,
            timeout=self._timeout if timeout is None else timeout,
            deadline=self._deadline if deadline is None else deadline,
            metadata=self._metadata if metadata is None else text_metadata(metadata),
        ) as stream:
            keep_details(stream)
            await stream.send_message(request, end=True)
            async for response in stream:
                yield response

    async def _stream_unary(
        self,
        route: str,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        response_type: type[Response],
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> Response:
        """Sends the requests and returns the one response, which may come before all are sent."""
        async with (
            self._channel.request(
                route,
                Cardinality.STREAM_UNARY,
                request_type,
                response_type,
                timeout=self._timeout if timeout is None else timeout,
                deadline=self._deadline if deadline is None else deadline,
                metadata=self._metadata if metadata is None else text_metadata(metadata),
            ) as stream,
            StreamRequestSender(requests, stream) as sender,
        ):
            keep_details(stream)
            sender.receiver = asyncio.current_task()
            response = await stream.recv_message()
        if response is None:
            raise _no_response(response_type)
        return response

    async def _stream_stream(
        self,
        route: str,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        response_type: type[Response],
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> AsyncGenerator[Response, None]:
        """Sends requests while it yields responses; closing the generator cancels the call."""
        async with (
            self._channel.request(
                route,
                Cardinality.STREAM_STREAM,
                request_type,
                response_type,
                timeout=self._timeout if timeout is None else timeout,
                deadline=self._deadline if deadline is None else deadline,
                metadata=self._metadata if metadata is None else text_metadata(metadata),
            ) as stream,
            StreamRequestSender(requests, stream) as sender,
        ):
            keep_details(stream)
            sender.receiver = asyncio.current_task()
            async for response in stream:
                sender.receiver = None
                yield response
                if sender.failed:
                    break
                sender.receiver = asyncio.current_task()


class StreamRequestSender(RequestSender[Request]):
    """Sends a request stream over a grpclib stream, headers first, while the body of `async with`
    receives.

    grpclib has no way to wake a task that waits for a response when the producer of requests fails,
    so the body says which task waits: `receiver`, None while none does.
    """

    __slots__ = ("_ended", "_stream", "_woken", "receiver")

    def __init__(
        self, requests: AsyncIterable[Request] | Iterable[Request], stream: Stream[Request, Any]
    ) -> None:
        super().__init__(
            requests, self._send_message, self._end_stream, self._wake_receiver, CALL_ENDED
        )
        self._stream = stream
        self._ended = False
        self._woken = False
        self.receiver: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> StreamRequestSender[Request]:
        try:
            await self._stream.send_request()
        except BaseException:
            await close_stream(self._messages, self._messages)
            raise
        _keep_complete_response(self._stream)
        await super().__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._woken:
            # Tasks count their cancellations from Python 3.11 on.
            uncancel = getattr(self.receiver, "uncancel", None)
            if uncancel is not None:
                uncancel()
        await super().__aexit__(exc_type, exc, traceback)
        if exc is None and not self._ended:
            await self._end_stream()

    async def _send_message(self, message: Request) -> None:
        await self._stream.send_message(message)
        # As long as the peer's window has room, grpclib never yields to the event loop; receiving
        # must go on.
        await asyncio.sleep(0)

    async def _end_stream(self) -> None:
        # grpclib reads the status of a call only after the client has ended its side. There is
        # nothing to end when the server has closed the stream.
        self._ended = True
        try:
            await self._stream.end()
        except CALL_ENDED:
            self._stream._end_done = True  # pyright: ignore[reportPrivateUsage]

    def _wake_receiver(self) -> None:
        if self.receiver is not None:
            self._woken = True
            self.receiver.cancel()


def _keep_complete_response(stream: Stream[Any, Any]) -> None:
    """Makes a reset of the stream harmless once the whole response is there.

    A server that needs no more requests, such as grpcio's, ends its response and resets the stream.
    The client must not drop the response then (RFC 9113, section 8.1), but grpclib lets every read
    fail, so its wrapper of reads does not get to know of such a reset.
    """
    wrapper: Any = getattr(stream, "_wrapper", None)
    received: Any = getattr(stream, "_stream", None)
    if wrapper is None or received is None:
        return
    cancel_reads: Callable[[Exception], None] = wrapper.cancel

    def cancel(error: Exception) -> None:
        complete = received.trailers is not None or "grpc-status" in dict(received.headers or ())
        if not (complete and isinstance(error, StreamTerminatedError)):
            cancel_reads(error)

    wrapper.cancel = cancel


def message_type(request: Message) -> type[Message]:
    """The type of a request, which grpclib wants; TypeError if it is no message."""
    if not hasattr(request, "SerializeToString"):
        raise TypeError(f"expected a request message, got {request!r}")
    return type(request)


def _no_response(response_type: type[Message]) -> GRPCError:
    """The error for a call that ended with the status OK and without its one response."""
    return GRPCError(Status.INTERNAL, f"the server sent no {response_type.__name__}")
