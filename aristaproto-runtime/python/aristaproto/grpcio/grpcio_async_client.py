"""The base of generated asyncio stubs on grpcio.

In: a `grpc.aio.Channel`, a route and a request message or an (async) iterable of them. Out: a
response message or an async generator of them. Generated `XStub`/`XAsyncStub` classes call the four
helpers, one for each kind of method.
"""

from __future__ import annotations

from ..base.errors import DecodeError
from ..base.typing_lite import TypeVar
from ..rpc_requests import request_type_of
from ..rpc_streams import ResponseStream, close_stream
from .answers import AnswersAreCalls
from .deferred import aio, grpc
from .internals import core_call, interceptors_of
from .metadata import metadata_pairs
from .sending import CoreSender, Handover, HandoverSender, SendBelowInterceptors
from .serialization import SerializationFailed, encode, serialize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
    from typing import Any

    from grpc import CallCredentials
    from grpc.aio import Channel

    from ..model.message import Message
    from .metadata import MetadataLike

    _Options = tuple[float | None, MetadataLike | None, CallCredentials | None, bool | None]

Request = TypeVar("Request", bound="Message")
Response = TypeVar("Response", bound="Message")


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
        self._methods: dict[tuple[str, str, type[Any]], _Method] = {}

    def _method(self, kind: str, route: str, response_type: type[Any]) -> _Method:
        """The method of that route, made when it is first called."""
        key = (kind, route, response_type)
        method = self._methods.get(key)
        if method is None:
            multi_callable = getattr(self._channel, kind)(
                route, serialize, response_type.FromString
            )
            one_request = kind.startswith("unary")
            request_type = request_type_of(type(self), route) if one_request else None
            method = self._methods[key] = _Method(multi_callable, request_type)
            method.adapt_interceptors(kind)
        return method

    def _options(
        self,
        timeout: float | None,
        metadata: MetadataLike | None,
        credentials: CallCredentials | None,
        wait_for_ready: bool | None,
    ) -> dict[str, Any]:
        """The options of one call, each the stub's own where the call gives none."""
        return {
            "timeout": self._timeout if timeout is None else timeout,
            "metadata": self._metadata if metadata is None else metadata_pairs(metadata),
            "credentials": self._credentials if credentials is None else credentials,
            "wait_for_ready": self._wait_for_ready if wait_for_ready is None else wait_for_ready,
        }

    async def _start(
        self,
        kind: str,
        route: str,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        response_type: type[Any],
        options: _Options,
    ) -> tuple[Any, CoreSender[Request] | HandoverSender[Request]]:
        """A call with a stream of requests, and what sends them; closes the producer of a call that cannot start."""
        try:
            method = self._method(kind, route, response_type)
            return method.start(requests, request_type, self._options(*options))
        except BaseException:
            await close_stream(requests, requests)
            raise

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
        method = self._method("unary_unary", route, response_type)
        encoded = encode(request, method.request_type)
        try:
            response: Response | None = await method.multi_callable(
                encoded if method.direct else request,
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

    def _unary_stream(
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
        options = (timeout, metadata, credentials, wait_for_ready)
        return ResponseStream(self._unary_stream_responses(route, request, response_type, options))

    async def _unary_stream_responses(
        self, route: str, request: Message, response_type: type[Response], options: _Options
    ) -> AsyncGenerator[Response, None]:
        method = self._method("unary_stream", route, response_type)
        encoded = encode(request, method.request_type)
        call = method.multi_callable(
            encoded if method.direct else request, **self._options(*options)
        )
        core = core_call(call)
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
        options = (timeout, metadata, credentials, wait_for_ready)
        call, sender = await self._start(
            "stream_unary", route, requests, request_type, response_type, options
        )
        async with sender:
            response: Response | None = await call
        if response is None:
            raise _undecodable(response_type)
        return response

    def _stream_stream(
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
        options = (timeout, metadata, credentials, wait_for_ready)
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
        call, sender = await self._start(
            "stream_stream", route, requests, request_type, response_type, options
        )
        core = core_call(call)
        async with sender:
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


class _Method:
    """A method of a service on one channel.

    Args:
        multi_callable: what grpc has made for its route.
        request_type: the class of its one request, if that is known.
    """

    __slots__ = ("direct", "multi_callable", "request_type")

    def __init__(self, multi_callable: Any, request_type: type[Any] | None) -> None:
        self.multi_callable: Callable[..., Any] = multi_callable
        self.request_type = request_type
        # Whether no interceptor sees the requests, so that grpc may have them as bytes.
        self.direct = interceptors_of(multi_callable) == []

    def around(self, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> _Method:
        """The same method with another way to make its calls."""
        method = _Method(wrap(self.multi_callable), self.request_type)
        method.direct = self.direct
        return method

    def adapt_interceptors(self, kind: str) -> None:
        """Puts our own around those of the channel, where grpc lets us: for streams of requests, to be sent without grpc's
        `write`, and for streams of responses that come without a call.
        """
        interceptors = interceptors_of(self.multi_callable)
        if interceptors:
            if kind.endswith("stream"):
                interceptors = [AnswersAreCalls(), *interceptors]
            if kind.startswith("stream"):
                interceptors = [*interceptors, SendBelowInterceptors()]
            multi_callable: Any = self.multi_callable
            multi_callable._interceptors = interceptors

    def start(
        self,
        requests: AsyncIterable[Request] | Iterable[Request],
        request_type: type[Request],
        options: dict[str, Any],
    ) -> tuple[Any, CoreSender[Request] | HandoverSender[Request]]:
        """A call with a stream of requests, and what sends them."""
        if self.direct:
            call = self.multi_callable(**options)
            core = core_call(call)
            if core is not None:
                return call, CoreSender(requests, request_type, call, core)
            # Nothing has been sent yet.
            call.cancel()
            self.direct = False
        handover = Handover()
        call = self.multi_callable(handover, **options)
        return call, HandoverSender(requests, request_type, call, handover)


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
