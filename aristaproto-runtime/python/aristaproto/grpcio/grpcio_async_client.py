"""The base of generated asyncio stubs on grpcio.

In: a `grpc.aio.Channel`, a route and a request message or an (async) iterable of them. Out: a
response message or an async generator of them. Generated `XStub`/`XAsyncStub` classes call the four
helpers, one for each kind of method.
"""

from __future__ import annotations

from ..base.errors import DecodeError
from ..base.typing_lite import TypeVar
from ..rpc_streams import RequestSender
from .deferred import aio, grpc
from .metadata import metadata_pairs
from .serialization import SerializationFailed, encode, serialize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
    from typing import Any

    from grpc import CallCredentials
    from grpc.aio import Channel, StreamStreamCall, StreamUnaryCall

    from ..model.message import Message
    from .metadata import MetadataLike

    StreamCall = StreamUnaryCall[Any, Any] | StreamStreamCall[Any, Any]

Request = TypeVar("Request", bound="Message")
Response = TypeVar("Response", bound="Message")


def _call_ended() -> tuple[type[Exception], ...]:
    """What sending on a call raises when the server has already ended it."""
    from asyncio import InvalidStateError

    return (aio.AioRpcError, aio.InternalError, InvalidStateError)


class ServiceStub:
    """Calls the methods of one service over a `grpc.aio.Channel`.

    Every option is the default for each call of this stub; an option given to a call wins over it,
    one by one. Failed calls raise `grpc.aio.AioRpcError`, which has `code()` and `details()`.

    Args:
        channel: where the calls go; it stays the caller's to close.
        timeout: seconds until a call fails with DEADLINE_EXCEEDED; None waits for ever.
        metadata: a mapping or pairs; keys in lower case, values str, or bytes under keys that end
            in `-bin`.
        credentials: credentials for each call, over a secure channel only.
        wait_for_ready: True waits for a server that is down instead of failing at once with
            UNAVAILABLE.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> None:
        self._channel = channel
        self._timeout = timeout
        self._metadata = metadata_pairs(metadata)
        self._credentials = credentials
        self._wait_for_ready = wait_for_ready
        self._multi_callables: dict[tuple[str, str, type[Any]], Callable[..., Any]] = {}

    async def _unary_unary(
        self,
        route: str,
        request: Message,
        response_type: type[Response],
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> Response:
        """Sends one request and returns the one response."""
        key = ("unary_unary", route, response_type)
        multi_callable = self._multi_callables.get(key)
        if multi_callable is None:
            multi_callable = self._multi_callables[key] = self._channel.unary_unary(
                route, serialize, response_type.FromString
            )
        try:
            response: Response | None = await multi_callable(
                request,
                timeout=self._timeout if timeout is None else timeout,
                metadata=self._metadata if metadata is None else metadata_pairs(metadata),
                credentials=self._credentials if credentials is None else credentials,
                wait_for_ready=self._wait_for_ready if wait_for_ready is None else wait_for_ready,
            )
        except SerializationFailed as failure:
            raise failure.error from None
        if response is None:
            raise _undecodable(response_type)
        return response

    async def _unary_stream(
        self,
        route: str,
        request: Message,
        response_type: type[Response],
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> AsyncGenerator[Response, None]:
        """Sends one request and yields the responses; closing the generator cancels the call."""
        key = ("unary_stream", route, response_type)
        multi_callable = self._multi_callables.get(key)
        if multi_callable is None:
            multi_callable = self._multi_callables[key] = self._channel.unary_stream(
                route, serialize, response_type.FromString
            )
        call = multi_callable(
            request,
            timeout=self._timeout if timeout is None else timeout,
            metadata=self._metadata if metadata is None else metadata_pairs(metadata),
            credentials=self._credentials if credentials is None else credentials,
            wait_for_ready=self._wait_for_ready if wait_for_ready is None else wait_for_ready,
        )
        core = getattr(call, "_cython_call", None)
        try:
            async for response in call:
                if response is None:
                    raise _undecodable(response_type)
                yield response
                # As `_stream_stream` does.
                while (
                    core is not None
                    and (data := await core.receive_serialized_message()) is not aio.EOF
                ):
                    yield _decoded(data, response_type)
        except SerializationFailed as failure:
            raise failure.error from None
        finally:
            call.cancel()

    async def _stream_unary(
        self,
        route: str,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        response_type: type[Response],
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> Response:
        """Sends the requests and returns the one response, which may come before all are sent."""
        key = ("stream_unary", route, response_type)
        multi_callable = self._multi_callables.get(key)
        if multi_callable is None:
            multi_callable = self._multi_callables[key] = self._channel.stream_unary(
                route, request_type.SerializeToString, response_type.FromString
            )
        call = multi_callable(
            timeout=self._timeout if timeout is None else timeout,
            metadata=self._metadata if metadata is None else metadata_pairs(metadata),
            credentials=self._credentials if credentials is None else credentials,
            wait_for_ready=self._wait_for_ready if wait_for_ready is None else wait_for_ready,
        )
        async with StreamRequestSender(requests, call):
            response: Response | None = await call
        if response is None:
            raise _undecodable(response_type)
        return response

    async def _stream_stream(
        self,
        route: str,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        response_type: type[Response],
        *,
        timeout: float | None = None,
        metadata: MetadataLike | None = None,
        credentials: CallCredentials | None = None,
        wait_for_ready: bool | None = None,
    ) -> AsyncGenerator[Response, None]:
        """Sends requests while it yields responses; closing the generator cancels the call."""
        key = ("stream_stream", route, response_type)
        multi_callable = self._multi_callables.get(key)
        if multi_callable is None:
            multi_callable = self._multi_callables[key] = self._channel.stream_stream(
                route, request_type.SerializeToString, response_type.FromString
            )
        call = multi_callable(
            timeout=self._timeout if timeout is None else timeout,
            metadata=self._metadata if metadata is None else metadata_pairs(metadata),
            credentials=self._credentials if credentials is None else credentials,
            wait_for_ready=self._wait_for_ready if wait_for_ready is None else wait_for_ready,
        )
        # A call through interceptors has none.
        core = getattr(call, "_cython_call", None)
        async with StreamRequestSender(requests, call):
            try:
                # grpc's own iteration gives the first response, and tells at the end how the call ended.
                # Between the two it is one more generator and one more coroutine for each message.
                async for response in call:
                    if response is None:
                        raise _undecodable(response_type)
                    yield response
                    while (
                        core is not None
                        and (data := await core.receive_serialized_message()) is not aio.EOF
                    ):
                        yield _decoded(data, response_type)
            finally:
                call.cancel()


class StreamRequestSender(RequestSender[Request]):
    """Sends a request stream over a call of grpc.aio while the body of `async with` receives."""

    __slots__ = ("_call", "_connected", "_core_call")

    def __init__(
        self, requests: AsyncIterable[Request] | Iterable[Request], call: StreamCall
    ) -> None:
        super().__init__(
            requests, self._send_message, call.done_writing, call.cancel, _call_ended()
        )
        self._call = call
        self._connected = False
        # A call through interceptors has none.
        self._core_call: Any = getattr(call, "_cython_call", None)

    def _send_message(self, message: Request) -> Awaitable[object]:
        # A message that cannot be encoded fails here; in `write` it would cancel the call silently.
        encoded = encode(message)
        if self._core_call is None:
            return self._call.write(message)
        if not self._connected:
            return self._send_first(encoded)
        # Not `write`: when the server has ended the call in the meantime, that puts the status
        # INTERNAL in the place of the server's own.
        sent: Awaitable[object] = self._core_call.send_serialized_message(encoded)
        return sent

    async def _send_first(self, encoded: bytes) -> None:
        await self._call.wait_for_connection()
        self._connected = True
        await self._core_call.send_serialized_message(encoded)


def _decoded(data: bytes, response_type: type[Response]) -> Response:
    try:
        return response_type.FromString(data)
    except DecodeError as error:
        raise _undecodable(response_type, str(error)) from error


def _undecodable(response_type: type[Message], why: str = "the log of grpc says why") -> Exception:
    """The error for a response that does not decode. Where grpcio decodes, it logs why, and hands over None."""
    error: Exception = aio.AioRpcError(
        grpc.StatusCode.INTERNAL,
        aio.Metadata(),
        aio.Metadata(),
        details=f"the response is not a valid {response_type.__name__}; {why}",
    )
    return error
