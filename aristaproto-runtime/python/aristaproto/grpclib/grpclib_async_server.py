"""The base of generated asyncio servers on grpclib.

In: the user's methods of a service. Out: `grpclib.const.Handler`s for a `grpclib.server.Server`.
Generated `XBase` classes call the handler makers, one for each kind of method.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from ..base.errors import DecodeError
from ..model.message import Message
from ..rpc_services import generated_bases
from ..rpc_streams import (
    close_stream,
    is_no_exception,
    method_failed,
    response_iterator,
    wrong_response,
)
from .status import StatusSender

if TYPE_CHECKING:
    from grpclib.server import Stream


__all__ = ("ServiceBase", "current_stream")

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


# Set by each handler and never reset: grpclib runs each request in a task of its own, whose context ends with it.
_stream: ContextVar[Stream[Any, Any] | None] = ContextVar("_stream", default=None)


def current_stream() -> Stream[Any, Any]:
    """The stream of the request that the current task of a grpclib server serves: `metadata`, `deadline`, `peer`.

    Also inside of what the method awaits, and in tasks that it starts. Requests and responses go through the method, not
    through the stream; `send_initial_metadata` may be called before the first response, `send_trailing_metadata` not at
    all: the status is an exception, `grpclib.exceptions.GRPCError`.
    <https://grpclib.readthedocs.io/en/latest/server.html#grpclib.server.Stream>

    Raises:
        RuntimeError: No method of a service is running.
    """
    stream = _stream.get()
    if stream is None:
        raise RuntimeError(
            "current_stream() is there only while a grpclib server runs a method of a service"
        )
    return stream


class ServiceBase:
    """A service on a grpclib server; generated subclasses have one method for each RPC, and
    `__mapping__`. A class that extends the bases of several services serves all of them.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        bases = generated_bases(cls, "__mapping__")
        if len(bases) > 1:

            def mapping(self: Any) -> dict[str, Handler]:
                handlers: dict[str, Handler] = {}
                for base in bases:
                    handlers.update(base.__mapping__(self))
                return handlers

            type.__setattr__(cls, "__mapping__", mapping)

    async def _grpclib_unimplemented(self) -> NoReturn:
        """Ends the running request with the status UNIMPLEMENTED."""
        raise GRPCError(Status.UNIMPLEMENTED, "Method not implemented!")

    def _grpclib_unary_unary_rpc_method_handler(
        self,
        handler: Callable[[Request], Awaitable[Response]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> Handler:
        async def handle(stream: Stream[Request, Response]) -> None:
            _stream.set(stream)
            request = await _single_request(stream, request_type)
            with StatusSender(stream), _OwnCancellation(stream):
                response = await handler(request)
            await _single_response(stream, response, response_type)

        return Handler(handle, Cardinality.UNARY_UNARY, request_type, response_type)

    def _grpclib_unary_stream_rpc_method_handler(
        self,
        handler: Callable[[Request], AsyncIterable[Response] | Awaitable[None]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> Handler:
        async def handle(stream: Stream[Request, Response]) -> None:
            _stream.set(stream)
            request = await _single_request(stream, request_type)
            with StatusSender(stream), _OwnCancellation(stream):
                await _streamed_responses(stream, handler(request), response_type)

        return Handler(handle, Cardinality.UNARY_STREAM, request_type, response_type)

    def _grpclib_stream_unary_rpc_method_handler(
        self,
        handler: Callable[[AsyncIterator[Request]], Awaitable[Response]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> Handler:
        async def handle(stream: Stream[Request, Response]) -> None:
            _stream.set(stream)
            requests = RequestStream(stream, request_type)
            with StatusSender(stream), _OwnCancellation(stream), requests:
                response = await handler(requests)
            await _single_response(stream, response, response_type)

        return Handler(handle, Cardinality.STREAM_UNARY, request_type, response_type)

    def _grpclib_stream_stream_rpc_method_handler(
        self,
        handler: Callable[[AsyncIterator[Request]], AsyncIterable[Response] | Awaitable[None]],
        request_type: type[Request],
        response_type: type[Response],
    ) -> Handler:
        async def handle(stream: Stream[Request, Response]) -> None:
            _stream.set(stream)
            requests = RequestStream(stream, request_type)
            with StatusSender(stream), _OwnCancellation(stream), requests:
                await _streamed_responses(stream, handler(requests), response_type)

        return Handler(handle, Cardinality.STREAM_STREAM, request_type, response_type)


class RequestStream(AsyncIterator[Request]):
    """The requests of a call to its handler; all else is that of the stream of grpclib.

    As a context around the handler it makes the status INTERNAL of a request that does not decode, and ends what other tasks
    go on to read: grpclib would let them wait for ever.
    """

    def __init__(self, stream: Stream[Request, Any], request_type: type[Request]) -> None:
        self._stream = stream
        self._request_type = request_type
        self._error: Exception | None = None
        self._readers: set[asyncio.Task[Any]] = set()
        self._over = False

    def __aiter__(self) -> RequestStream[Request]:
        return self

    async def __anext__(self) -> Request:
        request = await self.recv_message()
        if request is None:
            raise StopAsyncIteration
        return request

    async def recv_message(self) -> Request | None:
        """The next request; None after the last one. DecodeError, each time, after one that does not decode;
        StreamTerminatedError once the call has ended.
        """
        if self._error is not None:
            raise self._error
        if self._over or _has_ended(self._stream):
            raise StreamTerminatedError(_OVER)
        task: Any = asyncio.current_task()
        self._readers.add(task)
        try:
            return await self._stream.recv_message()
        except _NO_MESSAGE as error:
            self._error = error
            raise
        except asyncio.CancelledError:
            if not self._over:
                raise
            # By `__exit__`, and perhaps by someone else, too; tasks count from Python 3.11 on.
            if hasattr(task, "uncancel") and task.uncancel():
                raise
            raise StreamTerminatedError(_OVER) from None
        finally:
            self._readers.discard(task)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> None:
        pass

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        self._over = True
        for task in self._readers:
            task.cancel()
        error, self._error = self._error, None
        if error is not None and exc is error:
            raise _undecodable(error, self._request_type) from error


_OVER = "the call has ended, and with it its requests"

# What grpclib raises for bytes that are no message: for the message, for a compressed one, for one that ends too early.
_NO_MESSAGE = (DecodeError, NotImplementedError, AssertionError, struct.error)


def _undecodable(error: Exception, request_type: type[Any]) -> GRPCError:
    """The status for a request that is no message, as https://github.com/grpc/grpc/blob/master/doc/statuscodes.md asks."""
    if isinstance(error, NotImplementedError):
        return GRPCError(
            Status.UNIMPLEMENTED, "the request is compressed, which grpclib does not support"
        )
    why = str(error) if isinstance(error, DecodeError) else "it ended too early"
    return GRPCError(
        Status.INTERNAL, f"a request cannot be decoded: no valid {request_type.__name__}; {why}"
    )


class _OwnCancellation:
    """Around a method: makes a status of a CancelledError that is not the call's own: of a task it waited for, or of the server;
    and of what is no Exception.
    """

    def __init__(self, stream: Stream[Any, Any]) -> None:
        self._stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        if exc is not None and is_no_exception(exc):
            raise method_failed(exc) from exc
        if not isinstance(exc, asyncio.CancelledError):
            return
        # grpclib turns the end of the call into an exception itself.
        if _has_ended(self._stream):
            return
        if _is_closing(self._stream):
            raise GRPCError(Status.UNAVAILABLE, "the server is shutting down") from exc
        raise GRPCError(Status.CANCELLED, "the method was cancelled") from exc


def _is_closing(stream: Any) -> bool:
    """Whether `Server.close` has been called, which cancels the methods that run."""
    connection = getattr(getattr(stream, "_stream", None), "connection", None)
    transport = getattr(connection, "_transport", None)
    if transport is None:
        return False
    handler = getattr(transport.get_protocol(), "handler", None)
    return bool(getattr(handler, "closing", False))


def _has_ended(stream: Stream[Any, Any]) -> bool:
    """Whether grpclib has cancelled the method, since the client has gone or the deadline has passed."""
    wrapper = getattr(getattr(stream, "_stream", None), "wrapper", None)
    return getattr(wrapper, "cancelled", None) is not None


async def _single_request(stream: Stream[Request, Any], request_type: type[Request]) -> Request:
    try:
        request = await stream.recv_message()
    except _NO_MESSAGE as error:
        raise _undecodable(error, request_type) from error
    if request is None:
        raise GRPCError(Status.INTERNAL, f"the client sent no {request_type.__name__}")
    return request


async def _single_response(
    stream: Stream[Any, Response], response: Response, response_type: type[Response]
) -> None:
    if not isinstance(response, response_type):
        raise wrong_response(response, response_type)
    await stream.send_message(response)


async def _streamed_responses(
    stream: Stream[Any, Response],
    responses: AsyncIterable[Response] | Awaitable[None],
    response_type: type[Response],
) -> None:
    iterator = await response_iterator(responses)
    try:
        async for response in iterator:
            if not isinstance(response, response_type):
                raise wrong_response(response, response_type)
            await stream.send_message(response)
    finally:
        await close_stream(responses, iterator)


@contextmanager
def using_stream(stream: Stream[Any, Any]) -> Generator[None, None, None]:
    """Inside, `current_stream` gives this; for `aristaproto.testing`."""
    token = _stream.set(stream)
    try:
        yield
    finally:
        _stream.reset(token)
