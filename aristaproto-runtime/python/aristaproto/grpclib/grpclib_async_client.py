"""The base of generated asyncio stubs on grpclib.

In: a `grpclib.client.Channel`, a route and a request message or an (async) iterable of them. Out: a
response message or an async generator of them. Generated `XStub`/`XAsyncStub` classes call the four
helpers, one for each kind of method.
"""

from __future__ import annotations

import asyncio
import math
import weakref
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import h2.exceptions
from grpclib.const import Cardinality
from grpclib.exceptions import ProtocolError, StreamTerminatedError
from grpclib.metadata import Deadline

from ..model.message import Message
from ..rpc_requests import check_request, request_type_of
from ..rpc_streams import RequestSender, ResponseStream, close_stream
from .errors import Steps, ended_without_status, no_response, written
from .metadata import text_metadata
from .status import keep_details

if TYPE_CHECKING:
    from types import TracebackType

    from grpclib.client import Channel, Stream

    from .metadata import MetadataLike

    _Options = tuple[float | None, Deadline | None, MetadataLike | None]

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
    one by one. Failed calls raise `grpclib.exceptions.GRPCError`, which has `status` and `message`:
    the server's, UNAVAILABLE if the connection went before that came, INTERNAL if the response is none.
    A server that is down raises OSError. A deadline that has passed raises `asyncio.TimeoutError`,
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
        self._deadline = _checked(deadline)
        self._metadata = text_metadata(metadata)
        self._request_types: dict[str, type[Any] | None] = {}

    def _start(
        self,
        route: str,
        cardinality: Cardinality,
        request_type: type[Any],
        response_type: type[Response],
        options: _Options,
    ) -> Call[Response]:
        timeout, deadline, metadata = options
        if timeout is None:
            timeout = self._timeout
        stream = self._channel.request(
            route,
            cardinality,
            request_type,
            response_type,
            # grpclib cannot write infinity into a header.
            timeout=None if timeout == math.inf else timeout,
            deadline=self._deadline if deadline is None else _checked(deadline),
            metadata=self._metadata if metadata is None else text_metadata(metadata),
        )
        keep_details(stream)
        return Call(stream, response_type)

    @asynccontextmanager
    async def _sending(
        self,
        route: str,
        cardinality: Cardinality,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        response_type: type[Any],
        options: _Options,
    ) -> AsyncGenerator[StreamRequestSender[Request], None]:
        """A call with a stream of requests, which are being sent; closes the producer of a call that cannot start."""
        sender = None
        try:
            async with (
                self._start(route, cardinality, request_type, response_type, options) as call,
                StreamRequestSender(requests, request_type, call) as sender,
            ):
                yield sender
        except BaseException:
            if sender is None:
                await close_stream(requests, requests)
            raise

    def _check(self, route: str, request: Message) -> None:
        """Raises an error for a request that cannot be sent; the class of it as the generated method says."""
        try:
            request_type = self._request_types[route]
        except KeyError:
            request_type = self._request_types[route] = request_type_of(type(self), route)
        check_request(request, request_type)
        request.SerializeToString()

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
        self._check(route, request)
        options = (timeout, deadline, metadata)
        async with self._start(
            route, Cardinality.UNARY_UNARY, type(request), response_type, options
        ) as call:
            await call.send_request(request)
            response = await call.receive()
        if response is None:
            raise no_response(response_type.__name__)
        return response

    def _unary_stream(
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
        options = (timeout, deadline, metadata)
        return ResponseStream(self._unary_stream_responses(route, request, response_type, options))

    async def _unary_stream_responses(
        self, route: str, request: Message, response_type: type[Response], options: _Options
    ) -> AsyncGenerator[Response, None]:
        self._check(route, request)
        async with self._start(
            route, Cardinality.UNARY_STREAM, type(request), response_type, options
        ) as call:
            await call.send_request(request)
            while (response := await call.receive()) is not None:
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
        options = (timeout, deadline, metadata)
        async with self._sending(
            route, Cardinality.STREAM_UNARY, requests, request_type, response_type, options
        ) as sender:
            response: Response | None = await sender.receive()
        if response is None:
            raise no_response(response_type.__name__)
        return response

    def _stream_stream(
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
        options = (timeout, deadline, metadata)
        return ResponseStream(
            self._stream_stream_responses(route, requests, request_type, response_type, options),
            requests,
        )

    async def _stream_stream_responses(
        self,
        route: str,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        response_type: type[Response],
        options: _Options,
    ) -> AsyncGenerator[Response, None]:
        async with self._sending(
            route, Cardinality.STREAM_STREAM, requests, request_type, response_type, options
        ) as sender:
            while (response := await sender.receive()) is not None:
                yield response


def _checked(deadline: Any) -> Deadline | None:
    # grpclib would fail with it in the middle of the call.
    if deadline is not None and not isinstance(deadline, Deadline):
        raise TypeError(
            f"expected a grpclib.metadata.Deadline as deadline, got {deadline!r}: Deadline.from_timeout(seconds) makes one, "
            "or give seconds as timeout"
        )
    return deadline


class Call(Generic[Response]):
    """A call of grpclib from its start to its status, with the errors of `ServiceStub`."""

    __slots__ = ("__weakref__", "response_type", "sending", "steps", "stream")

    def __init__(self, stream: Stream[Any, Response], response_type: type[Response]) -> None:
        self.stream = stream
        self.response_type = response_type
        self.steps = Steps(stream, response_type.__name__)
        self.sending = False
        """Whether the one request is being sent, for which a whole response changes nothing: nobody reads it yet."""

    async def __aenter__(self) -> Call[Response]:
        with self.steps:
            await self.stream.__aenter__()
        _keep_first_end(self)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self.steps:
            await self.stream.__aexit__(exc_type, exc, traceback)
        if exc is None:
            error = ended_without_status(self.stream)
            if error is not None:
                raise error

    async def send_request(self, request: Any) -> None:
        """Sends the one request of a call that has one."""
        self.sending = True
        with self.steps:
            await self.stream.send_message(request, end=True)
        self.sending = False

    async def receive(self) -> Response | None:
        """The next response; None after the last one."""
        with self.steps:
            return await self.stream.recv_message()


class StreamRequestSender(RequestSender[Request]):
    """Sends a request stream over a grpclib stream, headers first, while the body of `async with`
    receives.

    grpclib has no way to wake a task that waits for a response when the producer of requests fails,
    so `receive` notes which task waits.
    """

    __slots__ = ("_call", "_ended", "_receiver", "_request_type", "_stream", "_woken")

    def __init__(
        self,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        call: Call[Any],
    ) -> None:
        super().__init__(requests)
        self._request_type = request_type
        self._call = call
        self._stream = call.stream
        self._ended = False
        self._woken = False
        self._receiver: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> StreamRequestSender[Request]:
        with self._call.steps:
            await self._stream.send_request()
        await super().__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await super().__aexit__(exc_type, exc, traceback)
        if exc is None and not self._ended:
            await self._end()

    async def receive(self) -> Any:
        """The next response; None after the last one, and when the producer has failed."""
        if self.failed:
            return None
        self._receiver = asyncio.current_task()
        try:
            return await self._call.receive()
        except asyncio.CancelledError:
            if self._woken:
                # Tasks count their cancellations from Python 3.11 on.
                uncancel = getattr(self._receiver, "uncancel", None)
                if uncancel is not None:
                    uncancel()
            raise
        finally:
            self._receiver = None

    async def _send(self, message: Request) -> None:
        check_request(message, self._request_type)
        await written(self._stream.send_message(message))
        # As long as the peer's window has room, grpclib never yields to the event loop; receiving
        # must go on.
        await asyncio.sleep(0)

    async def _end(self) -> None:
        # grpclib reads the status of a call only after the client has ended its side. There is
        # nothing to end when the server has closed the stream.
        self._ended = True
        try:
            await written(self._stream.end())
        except CALL_ENDED:
            self._stream._end_done = True  # pyright: ignore[reportPrivateUsage]

    def _cancel(self) -> None:
        if self._receiver is not None:
            self._woken = True
            self._receiver.cancel()

    def _call_ended(self) -> tuple[type[BaseException], ...]:
        return CALL_ENDED


def _keep_first_end(call: Call[Any]) -> None:
    """Makes the first end of a stream the one that counts: its status, or what was wrong.

    A server that needs no more requests, such as grpcio's, ends its response and resets the stream.
    The client must not drop the response then (RFC 9113, section 8.1), but grpclib lets every read
    fail, so its wrapper of reads does not get to know of such a reset. Nor does it get to know of a second failure, such as
    the loss of a connection after GOAWAY: it would cancel the waiting task once more.
    """
    wrapper: Any = getattr(call.stream, "_wrapper", None)
    if not hasattr(wrapper, "cancel"):
        return
    cancel_reads: Callable[[Any, Exception], None] = wrapper.__class__.cancel
    # Else they would be reference cycles.
    wrapper_reference, call_reference = weakref.ref(wrapper), weakref.ref(call)

    def cancel(error: Exception) -> None:
        wrapper: Any = wrapper_reference()
        call = call_reference()
        if wrapper is None or call is None or getattr(wrapper, "cancelled", None):
            return
        received = getattr(call.stream, "_stream", None)
        complete = received is not None and (
            received.trailers is not None or "grpc-status" in dict(received.headers or ())
        )
        if call.sending or not (complete and isinstance(error, StreamTerminatedError)):
            cancel_reads(wrapper, error)

    wrapper.cancel = cancel
